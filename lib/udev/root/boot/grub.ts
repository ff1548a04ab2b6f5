import {linesOf} from '../conf-dirs.ts';
import {distinct} from '../conf-dirs.ts';
import {joined} from '../tree/nodes.ts';
import type {Tree} from '../tree/tree.ts';
import type {Entry, Loader} from './entry.ts';
import {commandLineWords, expanded, shellWords, type Variables} from './shell-words.ts';

const DIRS = ['boot/grub2', 'boot/grub'];

/** GRUB's directories of a root; those of the EFI partition too, whose grub.cfg mostly leads to the other one. */
export const grubDirs = (tree: Tree): string[] =>
  distinct(tree, [
    ...DIRS,
    ...['boot/efi/EFI', 'efi/EFI'].flatMap((dir) => tree.names(dir).map((name) => joined(dir, name))),
  ]);

/** Variables that GRUB keeps: grubenv is lines NAME=VALUE in a file of 1024 bytes. */
export function grubEnvironment(tree: Tree): Variables {
  const variables: Variables = new Map();
  for (const dir of grubDirs(tree).reverse()) {
    const path = joined(dir, 'grubenv');
    for (const {line, text} of linesOf(tree.text(path) ?? '')) {
      const [, name, value] = /^(\w+)=(.*)$/.exec(text) ?? [];
      if (name !== undefined && value !== undefined) variables.set(name, commandLineWords(value, {path, line}));
    }
  }
  return variables;
}

/** What GRUB's grub.cfg boots; nothing where there is none with entries of its own. */
export function grubLoader(tree: Tree): Loader | undefined {
  for (const dir of grubDirs(tree)) {
    const path = joined(dir, 'grub.cfg');
    const text = tree.text(path);
    const loader = text === undefined ? undefined : parseGrub(path, text, grubEnvironment(tree));
    if (loader && loader.entries.length > 0) return loader;
  }
  return undefined;
}

interface Menu {
  readonly kind: 'menuentry' | 'submenu' | 'other';
  readonly names: readonly string[];
  children: number;
  /** Its number and those of the menus around it: "1>2". */
  readonly number: string;
}

/** Reads a grub.cfg as far as it names kernels: no conditions, so that all that may be booted is an entry. */
export function parseGrub(path: string, text: string, variables: Variables): Loader {
  const entries: Entry[] = [];
  const known: Variables = new Map(variables);
  const menus: Menu[] = [];
  const top: Menu = {kind: 'submenu', names: [], children: 0, number: ''};
  let chosen: string | undefined;
  for (const {line, text: one} of linesOf(text)) {
    const code = one.trim();
    const [, command = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(code) ?? [];
    const setting = command === 'set' ? /^(\w+)=(.*)$/s.exec(rest) : null;
    if (setting?.[1] !== undefined) {
      const value = shellWords(setting[2] ?? '').join(' ');
      // Options that grub.cfg sets in case grubenv has none: `if [ -z "${kernelopts}" ]; then set kernelopts="…"`.
      if (setting[1] === 'default' && !/[$]/.test(value)) chosen = value;
      else if (!known.has(setting[1])) known.set(setting[1], commandLineWords(value, {path, line}));
    } else if (command === 'menuentry' || command === 'submenu') {
      const around = menus.findLast(({kind}) => kind !== 'other') ?? top;
      const number = `${around.number === '' ? '' : `${around.number}>`}${around.children}`;
      around.children += 1;
      menus.push({kind: command, names: namesOf(rest, number), children: 0, number});
    } else if (/^linux(16|efi)?$/.test(command)) {
      const [image = '', ...words] = shellWords(rest);
      const names = menus.findLast(({kind}) => kind === 'menuentry')?.names ?? [];
      entries.push({
        names,
        image,
        words: expanded(
          words.map((word) => ({text: word, place: {path, line}})),
          known,
        ),
        place: {path, line},
      });
    } else if (code.endsWith('{')) menus.push({kind: 'other', names: [], children: 0, number: ''});
    if (code === '}') menus.pop();
  }
  return {
    name: 'GRUB',
    entries,
    chosen:
      chosen ??
      known
        .get('saved_entry')
        ?.map((word) => word.text)
        .join(' '),
  };
}

/** `'Debian' --class debian $menuentry_id_option 'gnulinux-simple-…' {` */
function namesOf(text: string, number: string): string[] {
  const words = shellWords(text);
  const id = words.findIndex((word) => word === '--id' || word === '$menuentry_id_option');
  return [number, words[0] ?? '', ...(id < 0 ? [] : [words[id + 1] ?? ''])];
}
