import {lstatSync, readdirSync, realpathSync} from 'node:fs';
import {join} from 'node:path';
import {messageOf, UsageError} from '../../util/errors.ts';
import {diskNodes} from './tree/disk.ts';
import {Tree} from './tree/tree.ts';

/** Directories that make a directory a root. */
const OWN = ['etc', 'usr', 'boot', 'lib'];

/** A root directory of this machine, ready to be read. */
export interface Opened {
  readonly tree: Tree;
  readonly running: boolean;
  /** A path of the root as a person would find it. */
  readonly shown: (path: string) => string;
}

/**
 * Opens a directory as a root; nothing where it is none, but a directory of rules or a file. Throws UsageError where it
 * can't be read.
 */
export function openRoot(path: string): Opened | undefined {
  if (!isRoot(path)) return undefined;
  const real = realpathSync(path);
  return {tree: new Tree(diskNodes(real)), running: real === '/', shown: (one) => join(path, one)};
}

function isRoot(path: string): boolean {
  const stats = lstatSync(path, {throwIfNoEntry: false});
  if (!stats) return false; // whoever reads files says so
  try {
    if (!lstatSync(realpathSync(path)).isDirectory()) return false;
    const names = readdirSync(path);
    if (names.some((name) => name.endsWith('.rules') || name === 'rules.d')) return false;
    return OWN.some((name) => names.includes(name));
  } catch (error) {
    throw new UsageError(`${path}: it can't be read as a root: ${messageOf(error)}`);
  }
}
