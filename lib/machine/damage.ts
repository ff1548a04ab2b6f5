import {randomBytes} from 'node:crypto';
import {readdir, readFile, rename, rm, stat} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {z} from 'zod';
import {messageOf} from '../util/errors.ts';
import {isThere, writeWhole} from '../util/files.ts';
import {guestFacts} from './bring-up.ts';

/**
 * How a template's files were when they were frozen. One that is written to later would be another guest: QEMU itself
 * takes a RAM file that was cut off to nothing for a new one, and makes it as long as it should be, all zeros. So the
 * size alone does not tell.
 */
const STAMPS = 'stamps.json';
const stamp = z.strictObject({size: z.int(), /** In s since 1970: what tar keeps. */ writtenAt: z.int()});

async function stampOf(path: string): Promise<z.infer<typeof stamp>> {
  const {size, mtimeMs} = await stat(path);
  return {size, writtenAt: Math.floor(mtimeMs / 1000)};
}

/** Writes down how the files in a directory are. */
export async function writeStamps(dir: string): Promise<void> {
  const stamps = await Promise.all(
    (await readdir(dir)).map(async (name) => [name, await stampOf(join(dir, name))] as const),
  );
  await writeWhole(join(dir, STAMPS), JSON.stringify(Object.fromEntries(stamps)));
}

/** What is wrong with a template in the cache; undefined where it is whole, or not there at all. */
export async function damageOf(dir: string): Promise<string | undefined> {
  if (!(await isThere(dir))) return undefined;
  try {
    guestFacts.parse(JSON.parse(await readFile(join(dir, 'facts.json'), 'utf8')));
    const stamps = z.record(z.string(), stamp).parse(JSON.parse(await readFile(join(dir, STAMPS), 'utf8')));
    for (const [name, was] of Object.entries(stamps)) {
      const now = await stampOf(join(dir, name));
      if (now.size !== was.size) return `${name} has ${now.size} bytes instead of ${was.size}`;
      if (now.writtenAt !== was.writtenAt)
        return `${name} was written to at ${at(now.writtenAt)}, after ${at(was.writtenAt)} when it was frozen`;
    }
    return undefined;
  } catch (error) {
    return messageOf(error).split('\n')[0];
  }
}

const at = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000', '');

/** Takes a template out of the cache at once, whole: nobody finds half of it. */
export async function discard(dir: string): Promise<void> {
  if (!(await isThere(dir))) return;
  // what is left of it is removed by the next build
  const doomed = join(dirname(dir), `.tmp-${basename(dir)}-${randomBytes(4).toString('hex')}`);
  await rename(dir, doomed);
  await rm(doomed, {recursive: true, force: true});
}
