import {globMatches} from '../../rules/glob.ts';
import {distinct, linesOf} from '../conf-dirs.ts';
import type {Word} from '../place.ts';
import {joined} from '../tree/nodes.ts';
import type {Tree} from '../tree/tree.ts';
import type {Entry, Loader} from './entry.ts';
import {grubEnvironment} from './grub.ts';
import {compareKernelNames} from './release.ts';
import {commandLineWords, expanded} from './shell-words.ts';

const DIRS = ['boot/loader', 'efi/loader', 'boot/efi/loader'];

/** Boot loader entries (BLS), which systemd-boot, RHEL's and Fedora's GRUB and zipl boot: one file each. */
export function entriesLoader(tree: Tree): Loader | undefined {
  const variables = grubEnvironment(tree);
  const dirs = distinct(tree, DIRS);
  const entries = dirs.flatMap((dir) =>
    tree
      .names(joined(dir, 'entries'))
      .filter((name) => name.endsWith('.conf'))
      .flatMap((name): Entry[] => {
        const path = joined(joined(dir, 'entries'), name);
        const {image, words, title, version, line} = parseEntry(path, tree.text(path) ?? '');
        const id = name.replace(/\.conf$/, '').replace(/\+\d+(-\d+)?$/, '');
        return image === ''
          ? []
          : [{names: [id, name, title, version], image, words: expanded(words, variables), place: {path, line}}];
      }),
  );
  if (entries.length === 0) return undefined;
  const newest = [...entries].sort((a, b) =>
    compareKernelNames(b.names[3] || (b.names[0] ?? ''), a.names[3] || (a.names[0] ?? '')),
  );
  const saved = variables
    .get('saved_entry')
    ?.map(({text}) => text)
    .join(' ');
  return {name: 'boot loader entries', entries: newest, chosen: chosenBySystemdBoot(tree, dirs, newest) ?? saved};
}

function parseEntry(
  path: string,
  text: string,
): {image: string; words: Word[]; title: string; version: string; line: number} {
  const values = new Map<string, string>();
  const words: Word[] = [];
  let at = 1;
  for (const {line, text: one} of linesOf(text)) {
    const [, key, value] = /^\s*([a-z-]+)\s+(.*?)\s*$/.exec(one) ?? [];
    if (key === undefined || value === undefined) continue;
    if (key === 'options') words.push(...commandLineWords(value, {path, line}));
    else values.set(key, value);
    if (key === 'linux' || key === 'uki' || key === 'efi') at = line;
  }
  const image = values.get('linux') ?? values.get('uki') ?? values.get('efi') ?? '';
  return {image, words, title: values.get('title') ?? '', version: values.get('version') ?? '', line: at};
}

/** `default` of loader.conf is a glob on the names of entries; the first that matches, newest first. */
function chosenBySystemdBoot(tree: Tree, dirs: readonly string[], entries: readonly Entry[]): string | undefined {
  for (const dir of dirs) {
    for (const {text} of linesOf(tree.text(joined(dir, 'loader.conf')) ?? '')) {
      const pattern = /^\s*default\s+(\S+)/.exec(text)?.[1];
      const entry =
        pattern === undefined
          ? undefined
          : entries.find(({names}) => names.slice(0, 2).some((name) => globMatches(pattern, name)));
      if (entry) return entry.names[0];
    }
  }
  return undefined;
}
