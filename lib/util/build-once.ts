import {mkdir, readdir, rename, rm, stat} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {lock} from 'proper-lockfile';
import {Broken} from './errors.ts';
import type {Log} from './log.ts';

/** A lock whose holder was killed is taken over after this time without a sign of life. */
const STALE_MS = 10_000;

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

/**
 * Makes the directory `dir` by calling `build` on a temporary sibling that is renamed into place whole.
 * Only one process builds at a time, the others wait for it; what a killed builder left is removed.
 */
export async function buildOnce(dir: string, options: {what: string; log: Log}, build: (work: string) => Promise<void>): Promise<void> {
  if (await exists(dir)) return;
  const parent = dirname(dir);
  await mkdir(parent, {recursive: true});
  const release = await acquire(dir, options);
  try {
    if (await exists(dir)) return;
    const prefix = `.tmp-${basename(dir)}-`;
    for (const name of await readdir(parent)) {
      if (name.startsWith(prefix)) await rm(join(parent, name), {recursive: true, force: true});
    }
    const work = join(parent, `${prefix}${process.pid}`);
    await mkdir(work, {mode: 0o700});
    try {
      await build(work);
      await rename(work, dir);
    } catch (error) {
      await rm(work, {recursive: true, force: true});
      throw error;
    }
  } finally {
    await release();
  }
}

async function acquire(dir: string, {what, log}: {what: string; log: Log}): Promise<() => Promise<void>> {
  const options = {
    realpath: false,
    stale: STALE_MS,
    update: STALE_MS / 4,
    onCompromised: (error: Error) => {
      log(`${what}: the lock was lost while building: ${error.message}`);
    },
  };
  try {
    return await lock(dir, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw new Broken(`${what}: can't lock ${dir}: ${String(error)}`);
    log(`${what}: waiting for another memhp that makes it`);
    return lock(dir, {...options, retries: {forever: true, factor: 1, minTimeout: 200, maxTimeout: 500}});
  }
}
