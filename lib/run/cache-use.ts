import {constants} from 'node:fs';
import {access, readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {UsageError} from '../util/errors.ts';
import {lockFile, type FileLock} from '../util/file-lock.ts';
import {makeDirectory} from '../util/files.ts';

const lockOf = (cache: string): string => join(cache, 'in-use.lock');

/** This process' share in the cache: from its beginning to its end nobody cleans there. */
export class CacheUse {
  readonly #cache: string;
  #lock: Promise<FileLock | undefined> | undefined;

  constructor(cache: string) {
    this.#cache = cache;
  }

  /**
   * To be called before anything in the cache is read or made, and after all input is known to be good. Throws
   * UsageError where it is being cleaned, and stays so.
   */
  async begin(): Promise<void> {
    this.#lock ??= this.#acquire();
    await this.#lock;
  }

  async end(): Promise<void> {
    await (await this.#lock)?.release();
  }

  async #acquire(): Promise<FileLock | undefined> {
    if (!(await isWritable(this.#cache))) return undefined; // nor can it be cleaned
    const lock = await lockFile(lockOf(this.#cache), {shared: true, waitMs: 60_000});
    if (!lock)
      throw new UsageError(
        `${this.#cache}: the cache is being cleaned by ${await holdersOf(lockOf(this.#cache))}; try again ` +
          `when that has ended`,
      );
    return lock;
  }
}

/** Does something with a share in the cache, and ends it. */
export async function usingCache<T>(cache: string, action: (use: CacheUse) => Promise<T>): Promise<T> {
  const use = new CacheUse(cache);
  try {
    return await action(use);
  } finally {
    await use.end();
  }
}

/** Takes something out of the cache. Throws UsageError while a memhp uses it. */
export async function cleaningCache(cache: string, action: () => Promise<void>): Promise<void> {
  if (!(await isWritable(cache)))
    throw new UsageError(`${cache}: can't be written to, so nothing there can be removed`);
  const lock = await lockFile(lockOf(cache), {waitMs: 500});
  if (!lock)
    throw new UsageError(
      `${cache}: the cache is in use by ${await holdersOf(lockOf(cache))}; nothing was removed. Try again ` +
        `when that has ended`,
    );
  try {
    await action();
  } finally {
    await lock.release();
  }
}

async function isWritable(cache: string): Promise<boolean> {
  try {
    await makeDirectory(cache);
    await access(cache, constants.W_OK);
    return true;
  } catch {
    return false; // whoever has to write there says why it can't
  }
}

/**
 * Who holds a lock, for people: the kernel lists the small processes that hold it, and their parents are the ones
 * meant.
 */
async function holdersOf(path: string): Promise<string> {
  const {ino} = await stat(path);
  const lines = (await readFile('/proc/locks', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  const pids = lines
    .filter((words) => words[1] === 'FLOCK' && words[5]?.split(':').at(-1) === String(ino))
    .map((words) => words[4] ?? '');
  const parents = await Promise.all(
    pids.map(
      async (pid) => /^PPid:\s*(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? pid,
    ),
  );
  return parents.length === 0 ? 'another memhp' : `memhp (process ${[...new Set(parents)].join(', ')})`;
}
