import {MiB} from '../../util/size.ts';
import {MASK, ruleDirs, type Layer, type LayerFile} from '../rules/layers.ts';
import {joined} from './tree/nodes.ts';
import type {Tree} from './tree/tree.ts';

/** Where systemd's programs look for their files, the first first (CONF_PATHS); /lib only where it is not /usr/lib. */
const PLACES = ['etc', 'run', 'usr/local/lib', 'usr/lib', 'lib'] as const;

/** Directories of a root, without those that are another one by a link: /lib is /usr/lib where /usr is merged. */
export function distinct(tree: Tree, dirs: readonly string[]): string[] {
  const seen = new Set<string>();
  return dirs.filter((dir) => {
    const real = tree.isDirectory(dir) ? tree.real(dir) : undefined;
    return real !== undefined && seen.size < seen.add(real).size;
  });
}

/** A configuration file that counts, with its text. */
export interface ConfFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The *.conf files of `etc/NAME`, `run/NAME` and so on that count, in the order in which they are read: by name
 * whatever the directory, and of each name the first. One that is a link to /dev/null or empty hides the others and
 * says nothing.
 */
export function confFiles(tree: Tree, name: string, places: readonly string[] = PLACES): ConfFile[] {
  const byName = new Map<string, string>();
  for (const dir of distinct(
    tree,
    places.map((place) => joined(place, name)),
  )) {
    for (const file of tree.names(dir))
      if (file.endsWith('.conf') && !byName.has(file)) byName.set(file, joined(dir, file));
  }
  const paths = [...byName].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map(([, path]) => path);
  return paths.flatMap((path) => {
    const text = tree.text(path);
    return text === undefined ? [] : [{path, text}];
  });
}

/** A rules file is no larger than this. */
const RULES = 8 * MiB;

/** The rules directories of a root as udevd finds them. `shown`: a file's path as a person would find it. */
export function ruleLayers(tree: Tree, shown: (path: string) => string): Layer[] {
  return distinct(tree, ruleDirs).map((dir) => ({
    dir: shown(dir),
    files: tree
      .names(dir)
      .filter((name) => name.includes('.rules'))
      .map((name) => layerFile(tree, joined(dir, name), shown)),
  }));
}

function layerFile(tree: Tree, path: string, shown: (path: string) => string): LayerFile {
  const found = tree.file(path, RULES);
  if (found?.kind === 'file') return {path: shown(path), bytes: found.bytes};
  return {path: shown(path), bytes: new Uint8Array(), unread: found?.kind === 'unread' ? found.why : MASK};
}

/** The lines of a text with their numbers, from 1. */
export const linesOf = (text: string): {readonly line: number; readonly text: string}[] =>
  text.split('\n').map((one, i) => ({line: i + 1, text: one.replace(/\r$/, '')}));
