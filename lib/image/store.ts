import {lstat, readdir, readFile, rm} from 'node:fs/promises';
import {basename, isAbsolute, join, normalize} from 'node:path';
import {buildOnce} from '../util/build-once.ts';
import {Broken} from '../util/errors.ts';
import {isThere, readIfThere} from '../util/files.ts';
import type {Log} from '../util/log.ts';
import {runTool} from './tool.ts';

export interface BuildOptions {
  /** Root of the cache: cacheDir(). */
  readonly cache: string;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}

export const imagesDir = (cache: string): string => join(cache, 'images');

/** Has `entry` built in the cache, once. */
export const buildEntry = (
  entry: string,
  {cache, log, signal}: BuildOptions,
  build: (dir: string) => Promise<void>,
): Promise<void> => buildOnce(join(imagesDir(cache), entry), {what: entry, log, signal, remove: removeTree}, build);

/** File in a build's directory that names the scratch directory mmdebstrap works in when we are not root. */
export const SCRATCH = 'scratch';

/** Removes a directory of the cache, and the scratch directory it names. */
export async function removeTree(path: string): Promise<void> {
  await removeScratch(path);
  await refuseMounts(path);
  await rm(path, {recursive: true, force: true});
}

/** Removes the scratch directory that a build's directory names. */
export async function removeScratch(path: string): Promise<void> {
  const scratch = await readIfThere(join(path, SCRATCH));
  if (!scratch) return;
  // What is read here is removed: nothing but what mkdtemp made for us, whoever has written the file.
  if (
    !isAbsolute(scratch) ||
    !/^memhp-build-[A-Za-z0-9]{6}$/.test(basename(scratch)) ||
    scratch !== normalize(scratch)
  ) {
    throw new Broken(
      `${join(path, SCRATCH)}: names ${JSON.stringify(scratch.slice(0, 200))}, which is no scratch ` +
        `directory of ours; remove ${path} by hand`,
    );
  }
  if (await isThere(scratch)) {
    // Some in there is the user's, and some belongs to the user's subordinate ids: each only its owner may remove.
    const paths = (await readdir(scratch)).map((name) => join(scratch, name));
    const foreign: string[] = [];
    for (const entry of paths) {
      if ((await lstat(entry)).uid === process.getuid?.()) await rm(entry, {recursive: true});
      else foreign.push(entry);
    }
    if (foreign.length > 0) await runTool('mmdebstrap', ['--unshare-helper', 'rm', '-rf', ...foreign], {cwd: '/'});
    await rm(scratch, {recursive: true});
  }
  await rm(join(path, SCRATCH));
}

/** mmdebstrap mounts in a namespace of its own; should a mount ever be visible here, removing would follow it. */
async function refuseMounts(path: string): Promise<void> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const below = table
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${path}/`));
  if (below.length > 0) {
    throw new Broken(
      `${path}: left by a killed build and still has mounts (${below.join(', ')}); unmount them: sudo ` +
        `umount ${below.join(' ')}`,
    );
  }
}
