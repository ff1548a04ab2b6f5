import {lstat, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {messageOf} from '../util/errors.ts';
import {namesIn} from '../util/files.ts';
import {bytes, type Bytes} from '../util/size.ts';
import {readEntry} from './entry.ts';
import type {Image} from './image.ts';
import {imagesDir, removeTree} from './store.ts';

/** A directory of the cache's images/. */
export interface CachedImage {
  /** Name of its directory, e.g. `debian-12-0123456789ab`. */
  readonly id: string;
  readonly path: string;
  /** What it takes on the disk. */
  readonly size: Bytes;
  /** Absent for a build under way or left by a killed one, and for an image of another memhp; `fault` says which. */
  readonly image?: Image & {readonly builtAt: string};
  readonly fault?: string;
}

/** Everything in the cache's images/, by name. */
export async function listImages(cache: string): Promise<CachedImage[]> {
  const dir = imagesDir(cache);
  const names = (await namesIn(dir)).filter((name) => !name.startsWith('.lock-')).sort();
  return await Promise.all(
    names.map(async (id) => {
      const path = join(dir, id);
      return {id, path, size: await sizeOf(path), ...(await describe(cache, id))};
    }),
  );
}

/** Removes one directory of the cache's images/, by its id. */
export async function removeImage(cache: string, id: string): Promise<void> {
  await removeTree(join(imagesDir(cache), id));
}

async function describe(cache: string, id: string): Promise<Pick<CachedImage, 'image' | 'fault'>> {
  if (id.startsWith('.')) return {fault: 'an unfinished build'};
  try {
    const image = await readEntry(cache, id);
    return image ? {image} : {fault: 'no image.json'};
  } catch (error) {
    return {fault: messageOf(error)};
  }
}

/** Blocks in use, not lengths: images are sparse. */
async function sizeOf(path: string): Promise<Bytes> {
  const entries = await readdir(path, {recursive: true, withFileTypes: true}); // with types, or it would follow links
  const stats = await Promise.all(
    [path, ...entries.map((entry) => join(entry.parentPath, entry.name))].map(async (file) => await lstat(file)),
  );
  return bytes(stats.reduce((sum, {blocks}) => sum + blocks * 512, 0));
}
