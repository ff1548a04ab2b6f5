import {join} from 'node:path';
import {z} from 'zod';
import {Broken} from '../util/errors.ts';
import {readIfThere, writeWhole} from '../util/files.ts';
import {ARCHES, type Image} from './image.ts';
import {imagesDir} from './store.ts';

/** Version of image.json and of what memhp puts into an image beyond its sources. Raised, every image is built anew. */
export const BUILDER = 1;

/** image.json: an Image whose paths are names in its own directory, so that a cache can be moved. */
const entrySchema = z.strictObject({
  builder: z.literal(BUILDER),
  name: z.string(),
  distro: z.string(),
  release: z.string(),
  arch: z.enum(ARCHES),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  kernel: z.literal('vmlinuz'),
  initrd: z.literal('initrd.img'),
  disk: z.literal('disk.qcow2').optional(),
  append: z.string(),
  bringUp: z.enum(['ssh', 'init']),
  prepare: z.array(z.string()),
  builtAt: z.iso.datetime(),
});
export type Entry = z.infer<typeof entrySchema>;

/** Directory of an image in the cache's images/. */
export const entryName = (name: string, key: string): string => `${name}-${key.slice(0, 12)}`;

/** Writes image.json into a directory that is being built. */
export async function writeEntry(
  dir: string,
  entry: Omit<Entry, 'builder' | 'kernel' | 'initrd' | 'builtAt'>,
): Promise<void> {
  const whole: Entry = {
    builder: BUILDER,
    ...entry,
    kernel: 'vmlinuz',
    initrd: 'initrd.img',
    builtAt: new Date().toISOString(),
  };
  await writeWhole(join(dir, 'image.json'), `${JSON.stringify(whole, undefined, 2)}\n`);
}

/** Reads the image in a directory of the cache; undefined where there is none. */
export async function readEntry(cache: string, directory: string): Promise<(Image & {builtAt: string}) | undefined> {
  const dir = join(imagesDir(cache), directory);
  const file = join(dir, 'image.json');
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Broken(`${file}: is not JSON; remove ${dir} and run again`, {cause: error});
  }
  const parsed = entrySchema.safeParse(json);
  if (!parsed.success) {
    throw new Broken(`${file}: not what memhp writes; remove ${dir} and run again\n${z.prettifyError(parsed.error)}`);
  }
  const {builder: _, kernel, initrd, disk, ...rest} = parsed.data;
  return {...rest, kernel: join(dir, kernel), initrd: join(dir, initrd), ...(disk ? {disk: join(dir, disk)} : {})};
}
