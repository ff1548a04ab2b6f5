import {existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {messageOf, UsageError} from '../../util/errors.ts';
import {MASK, ruleDirs, type Layer, type LayerFile} from './layers.ts';
import {MiB} from '../../util/size.ts';

/** Larger files are no rules: they are not read. */
const LARGEST = 8 * MiB;

/** What was named: rules directories in udevd's order; `complete` where it is all of a guest's. */
export interface Read {
  readonly layers: readonly Layer[];
  readonly complete: boolean;
}

/**
 * Reads what a user names: files, rules directories (the first comes before the others), or one root directory with
 * etc/udev, usr/lib/udev and so on. Throws UsageError where there is nothing to read.
 */
export function readRules(paths: readonly string[]): Read {
  const [only] = paths;
  if (only !== undefined && paths.length === 1 && isDirectory(only)) {
    const dirs = rootDirs(only);
    if (dirs.length > 0) return {layers: dirs.map((dir) => readLayer(dir, only)), complete: true};
  }
  return {layers: paths.map(readOne), complete: false};
}

function readOne(path: string): Layer {
  const stats = lstatSync(path, {throwIfNoEntry: false});
  if (!stats) throw new UsageError(`${path}: there is no such file or directory`);
  if (!isDirectory(path)) return {dir: dirname(path), files: [{...readFile(path, undefined), named: true}]};
  if (rootDirs(path).length > 0)
    throw new UsageError(`${path}: a root directory stands alone; name the rules directories themselves`);
  const dir = existsSync(join(path, 'rules.d')) ? join(path, 'rules.d') : path;
  const layer = readLayer(dir, undefined);
  if (layer.files.length === 0)
    throw new UsageError(`${path}: neither rules files (*.rules) nor a root directory with etc/udev or usr/lib/udev`);
  return layer;
}

const isDirectory = (path: string): boolean => statSync(path, {throwIfNoEntry: false})?.isDirectory() ?? false;

/** The rules directories below a root, without those that are another by a link (/lib to usr/lib). */
function rootDirs(root: string): string[] {
  const looks = ruleDirs.some((dir) => existsSync(join(root, dirname(dir))));
  if (!looks) return [];
  const seen = new Set<string>();
  return ruleDirs
    .map((dir) => join(root, dir))
    .filter((dir) => {
      if (!isDirectory(dir)) return false;
      const real = realpathSync(dir);
      return seen.size < seen.add(real).size;
    });
}

function readLayer(dir: string, root: string | undefined): Layer {
  const names = readdirSync(dir)
    .filter((name) => name.includes('.rules'))
    .sort();
  return {dir, files: names.map((name) => readFile(join(dir, name), root))};
}

function readFile(path: string, root: string | undefined): LayerFile {
  const not = (unread: string): LayerFile => ({path, bytes: new Uint8Array(), unread});
  try {
    const target = followed(path, root);
    if (target === '/dev/null') return not(MASK);
    const stats = statSync(target, {throwIfNoEntry: false});
    if (!stats) return not(`a link to ${target}, which is not there: udevd reads nothing`);
    if (!stats.isFile())
      return not(stats.isDirectory() ? 'a directory: udevd reads files only' : 'no regular file: it is not read');
    if (stats.size === 0) return not(MASK);
    if (stats.size > LARGEST) return not(`${stats.size} bytes: too large to be rules, it is not read`);
    return {path, bytes: readFileSync(target)};
  } catch (error) {
    return not(messageOf(error));
  }
}

/** Where links lead; absolute ones of another root stay within it. */
function followed(path: string, root: string | undefined): string {
  let at = path;
  for (let hops = 0; hops < 40; hops += 1) {
    if (!lstatSync(at, {throwIfNoEntry: false})?.isSymbolicLink()) return at;
    const target = readlinkSync(at);
    if (target === '/dev/null' || (basename(target) === 'null' && resolve(dirname(at), target) === '/dev/null'))
      return '/dev/null';
    at = target.startsWith('/') ? join(root ?? '/', target) : join(dirname(at), target);
  }
  throw new Error('too many links');
}
