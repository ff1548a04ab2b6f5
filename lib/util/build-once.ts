import {randomBytes} from 'node:crypto';
import {access, constants, mkdir, readdir, rename, rm} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import pRetry from 'p-retry';
import lockfile from 'proper-lockfile';
import {Broken, messageOf, UsageError} from './errors.ts';
import {isThere, makeDirectory} from './files.ts';
import type {Log} from './log.ts';

export interface BuildOnceOptions {
  /** What is made, in the reader's words. */
  readonly what: string;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Removes what a build left; for those that leave more than files of ours. */
  readonly remove?: (path: string) => Promise<void>;
}

const removeFiles = (path: string): Promise<void> => rm(path, {recursive: true, force: true});

/**
 * Makes the directory `dir`: under its lock, in a directory beside it, renamed into place whole. What killed builders
 * left is removed first. `build` is not called when `dir` is there or another process was faster.
 */
export async function buildOnce(
  dir: string,
  options: BuildOnceOptions,
  build: (work: string) => Promise<void>,
): Promise<void> {
  if (await isThere(dir)) return;
  const {signal, remove = removeFiles} = options;
  const parent = dirname(dir);
  try {
    await makeDirectory(parent);
    await access(parent, constants.W_OK);
  } catch (error) {
    throw new UsageError(
      `${parent}: can't write to the cache: ${messageOf(error)}; MEMHP_CACHE names another place for it`,
      {cause: error},
    );
  }
  const lost = new AbortController();
  const release = await acquire(dir, options, lost);
  try {
    if (await isThere(dir)) return;
    await removeLeftovers(dir, remove);
    const work = join(parent, `.tmp-${basename(dir)}-${randomBytes(4).toString('hex')}`);
    await mkdir(work, {mode: 0o700});
    try {
      await build(work);
      lost.signal.throwIfAborted();
      signal?.throwIfAborted();
      await rename(work, dir);
    } finally {
      await remove(work);
    }
  } finally {
    if (!lost.signal.aborted) await release();
  }
}

/** A lock is a directory whose time its owner renews; one left by a killed process goes stale in 10 s. */
const lockOptions = (dir: string) =>
  ({realpath: false, lockfilePath: join(dirname(dir), `.lock-${basename(dir)}`), stale: 10_000, update: 2000}) as const;

async function acquire(
  dir: string,
  {what, log, signal}: BuildOnceOptions,
  lost: AbortController,
): Promise<() => Promise<void>> {
  let told = false;
  const onCompromised = (error: Error): void => {
    lost.abort(new Broken(`${what}: lost the lock while making it: ${error.message}; run again`, {cause: error}));
  };
  return await pRetry(async () => await lockfile.lock(dir, {...lockOptions(dir), retries: 0, onCompromised}), {
    retries: Number.POSITIVE_INFINITY,
    factor: 1,
    minTimeout: 500,
    ...(signal ? {signal} : {}),
    shouldRetry: ({error}) => (error as NodeJS.ErrnoException).code === 'ELOCKED',
    onFailedAttempt: ({error}) => {
      if (told || (error as NodeJS.ErrnoException).code !== 'ELOCKED') return;
      told = true;
      log(`${what}: another memhp is making it (or was killed at it a moment ago); waiting`);
    },
  });
}

/** Removes what killed builders left, of this or another directory; one whose lock is held is alive. */
async function removeLeftovers(dir: string, remove: (path: string) => Promise<void>): Promise<void> {
  const parent = dirname(dir);
  for (const name of await readdir(parent)) {
    const other = /^\.tmp-(.+)-[0-9a-f]{8}$/.exec(name)?.[1];
    if (other === undefined) continue;
    const theirs = join(parent, other);
    if (theirs !== dir && (await lockfile.check(theirs, lockOptions(theirs)))) continue;
    await remove(join(parent, name));
  }
}
