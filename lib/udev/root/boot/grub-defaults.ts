import {linesOf} from '../conf-dirs.ts';
import type {Word} from '../place.ts';
import {joined} from '../tree/nodes.ts';
import type {Tree} from '../tree/tree.ts';
import {commandLineWords, expanded, shellWords, type Variables} from './shell-words.ts';

/** The files of which update-grub makes grub.cfg, in the order in which it reads them. */
export const grubDefaultFiles = (tree: Tree): string[] => [
  ...(tree.has('etc/default/grub') ? ['etc/default/grub'] : []),
  ...tree
    .names('etc/default/grub.d')
    .filter((name) => name.endsWith('.cfg'))
    .map((name) => joined('etc/default/grub.d', name)),
];

/**
 * The kernel parameters that the next update-grub writes into grub.cfg; nothing where GRUB's defaults are not there.
 */
export function grubDefaults(tree: Tree): Word[] | undefined {
  const files = grubDefaultFiles(tree);
  if (files.length === 0) return undefined;
  const variables: Variables = new Map();
  for (const path of files) {
    for (const {line, text} of linesOf(tree.text(path) ?? '')) {
      const [, name, more, value] = /^\s*(?:export\s+)?(\w+)(\+?)=(.*)$/.exec(text) ?? [];
      if (name === undefined || value === undefined) continue;
      const [first = ''] = shellWords(value.replace(/(^|\s)#.*$/, ''));
      const words = expanded(commandLineWords(first, {path, line}), variables);
      variables.set(name, more === '+' ? [...(variables.get(name) ?? []), ...words] : words);
    }
  }
  return [...(variables.get('GRUB_CMDLINE_LINUX') ?? []), ...(variables.get('GRUB_CMDLINE_LINUX_DEFAULT') ?? [])];
}
