import {linesOf} from '../conf-dirs.ts';
import type {Word} from '../place.ts';
import type {Tree} from '../tree/tree.ts';
import type {Entry, Loader} from './entry.ts';
import {commandLineWords} from './shell-words.ts';

const FILES = [
  'boot/extlinux/extlinux.conf',
  'boot/extlinux.conf',
  'boot/syslinux/syslinux.cfg',
  'boot/syslinux.cfg',
  'extlinux.conf',
];

/**
 * EXTLINUX: labels with a kernel and its parameters. An APPEND before the first label counts for all that have none.
 */
export function extlinuxLoader(tree: Tree): Loader | undefined {
  for (const path of FILES) {
    const text = tree.text(path);
    if (text === undefined) continue;
    const loader = parseExtlinux(path, text);
    if (loader.entries.length > 0) return loader;
  }
  return undefined;
}

export function parseExtlinux(path: string, text: string): Loader {
  const labels: {name: string; image: string; words: Word[] | undefined; line: number}[] = [];
  let common: Word[] = [];
  let chosen: string | undefined;
  for (const {line, text: one} of linesOf(text)) {
    const [, word = '', value = ''] = /^\s*(\w+)\s+(.*?)\s*$/.exec(one) ?? [];
    const key = word.toLowerCase();
    const label = labels.at(-1);
    if (key === 'default' || key === 'ontimeout') chosen ??= value;
    else if (key === 'label') labels.push({name: value, image: '', words: undefined, line});
    else if ((key === 'kernel' || key === 'linux') && label) Object.assign(label, {image: value, line});
    else if (key === 'append') {
      const words = commandLineWords(value, {path, line});
      if (label) label.words = value === '-' ? [] : words;
      else common = words;
    }
  }
  const entries = labels
    .filter(({image}) => image !== '')
    .map(({name, image, words, line}): Entry => ({names: [name], image, words: words ?? common, place: {path, line}}));
  return {name: 'EXTLINUX', entries, chosen};
}
