import {randomBytes} from 'node:crypto';
import {readdir, rename, rm, stat} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {z} from 'zod';
import {messageOf} from '../util/errors.ts';
import {isThere, readIfThere, writeWhole} from '../util/files.ts';
import {guestFacts} from './bring-up.ts';
import {ramBackends, type BootConfig} from './commandline.ts';

/** Sizes of a template's files, so that one which was cut off later is noticed before a guest runs from it. */
const SIZES = 'sizes.json';
const sizesSchema = z.record(z.string(), z.int());

/** Writes down the sizes of the files in a directory. */
export async function writeSizes(dir: string): Promise<void> {
  const sizes = await Promise.all((await readdir(dir)).map(async (name) => [name, (await stat(join(dir, name))).size] as const));
  await writeWhole(join(dir, SIZES), JSON.stringify(Object.fromEntries(sizes)));
}

/** What is wrong with a template in the cache; undefined where it is whole, or not there at all. */
export async function damageOf(dir: string, {profile}: Pick<BootConfig, 'profile'>): Promise<string | undefined> {
  if (!(await isThere(dir))) return undefined;
  try {
    guestFacts.parse(JSON.parse((await readIfThere(join(dir, 'facts.json'))) ?? ''));
    const written = await readIfThere(join(dir, SIZES));
    // One that was frozen before sizes were written down has at least its RAM, whose size is known.
    const sizes = written === undefined ? ramSizes(profile) : sizesSchema.parse(JSON.parse(written));
    for (const [name, size] of Object.entries(sizes)) {
      const now = (await stat(join(dir, name))).size;
      if (now !== size) return `${name} has ${now} bytes instead of ${size}`;
    }
    return undefined;
  } catch (error) {
    return messageOf(error).split('\n')[0];
  }
}

/** With a balloon, RAM is part of the device state. */
const ramSizes = (profile: BootConfig['profile']): Record<string, number> =>
  profile.balloon === true ? {} : Object.fromEntries(ramBackends(profile).map(({id, size}) => [id, size]));

/** Takes a template out of the cache at once, whole: nobody finds half of it. */
export async function discard(dir: string): Promise<void> {
  if (!(await isThere(dir))) return;
  const doomed = join(dirname(dir), `.tmp-${basename(dir)}-${randomBytes(4).toString('hex')}`); // what is left of it is removed by the next build
  await rename(dir, doomed);
  await rm(doomed, {recursive: true, force: true});
}
