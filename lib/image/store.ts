import {randomBytes} from 'node:crypto';
import {access, constants, lstat, mkdir, readdir, readFile, rename, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import pRetry from 'p-retry';
import lockfile from 'proper-lockfile';
import {Broken, messageOf, UsageError} from '../util/errors.ts';
import {readIfThere} from '../util/files.ts';
import type {Log} from '../util/log.ts';
import {runTool} from './tool.ts';

export interface BuildOptions {
  /** Root of the cache: cacheDir(). */
  readonly cache: string;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}

export const imagesDir = (cache: string): string => join(cache, 'images');

/**
 * Has `entry` built in the cache: under its lock, in a directory beside it, renamed into place whole. What killed
 * builds left behind is removed first. `build` is not called when another process was faster.
 */
export async function buildEntry(entry: string, options: BuildOptions, build: (dir: string) => Promise<void>): Promise<void> {
  const dir = imagesDir(options.cache);
  try {
    await mkdir(dir, {recursive: true});
    await access(dir, constants.W_OK);
  } catch (error) {
    throw new UsageError(`${dir}: can't write to the cache: ${messageOf(error)}; MEMHP_CACHE names another place for it`, {cause: error});
  }
  const lost = new AbortController();
  const release = await lockEntry(dir, entry, options, lost);
  try {
    if (await isThere(join(dir, entry))) return;
    await removeLeftovers(dir, entry);
    const temporary = join(dir, `.tmp-${entry}-${randomBytes(4).toString('hex')}`);
    await mkdir(temporary);
    try {
      await build(temporary);
      lost.signal.throwIfAborted();
      options.signal?.throwIfAborted();
      await rename(temporary, join(dir, entry));
    } finally {
      await removeTree(temporary);
    }
  } finally {
    if (!lost.signal.aborted) await release();
  }
}

/** A lock is a directory whose time its owner renews; one left by a killed process goes stale in 10 s. */
const lockOptions = (dir: string, entry: string) =>
  ({realpath: false, lockfilePath: join(dir, `.lock-${entry}`), stale: 10_000, update: 2000}) as const;

async function lockEntry(dir: string, entry: string, {log, signal}: BuildOptions, lost: AbortController): Promise<() => Promise<void>> {
  let told = false;
  const onCompromised = (error: Error): void => {
    lost.abort(new Broken(`lost the lock of ${entry} while building it: ${error.message}; run again`, {cause: error}));
  };
  return await pRetry(async () => await lockfile.lock(join(dir, entry), {...lockOptions(dir, entry), retries: 0, onCompromised}), {
    retries: Number.POSITIVE_INFINITY,
    factor: 1,
    minTimeout: 500,
    ...(signal ? {signal} : {}),
    shouldRetry: ({error}) => (error as NodeJS.ErrnoException).code === 'ELOCKED',
    onFailedAttempt: ({error}) => {
      if (told || (error as NodeJS.ErrnoException).code !== 'ELOCKED') return;
      told = true;
      log(`${entry}: another memhp is building it (or was killed at it a moment ago); waiting`);
    },
  });
}

/** Removes what killed builds of any entry left; a build whose lock is held is alive. */
async function removeLeftovers(dir: string, own: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const entry = /^\.tmp-(.+)-[0-9a-f]{8}$/.exec(name)?.[1];
    if (entry === undefined) continue;
    if (entry !== own && (await lockfile.check(join(dir, entry), lockOptions(dir, entry)))) continue;
    await removeTree(join(dir, name));
  }
}

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
  if (await isThere(scratch)) {
    // Some in there is the user's, and some belongs to the user's subordinate ids: each only its owner may remove.
    const paths = (await readdir(scratch)).map(name => join(scratch, name));
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
  const below = table.split('\n').map(line => line.split(' ')[4] ?? '').filter(point => point.startsWith(`${path}/`));
  if (below.length > 0) {
    throw new Broken(`${path}: left by a killed build and still has mounts (${below.join(', ')}); unmount them: sudo umount ${below.join(' ')}`);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw new Broken(`${path}: ${messageOf(error)}`, {cause: error});
  }
}
