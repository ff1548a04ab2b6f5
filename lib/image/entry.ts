import {join} from 'node:path';
import {z} from 'zod';
import {Broken} from '../util/errors.ts';
import {readIfThere, writeWhole} from '../util/files.ts';
import {ARCHES, type Image} from './image.ts';
import {buildEntry, imagesDir, type BuildOptions} from './store.ts';

/** Version of image.json and of what memhp puts into an image beyond its sources. Raised, every image is built anew. */
export const BUILDER = 1;

/** An Image whose paths are the names of files in its own directory, so that a cache can be moved. */
export type NamedImage = Omit<Image, 'boot' | 'disk'> & {
  readonly boot:
    | {readonly how: 'direct'; readonly kernel: 'vmlinuz'; readonly initrd: 'initrd.img'; readonly append: string}
    | {readonly how: 'disk'};
  readonly disk?: 'disk.qcow2';
};

/** image.json. It is flat: caches hold such files from before an image could boot in any other way than directly. */
const entrySchema = z
  .strictObject({
    builder: z.literal(BUILDER),
    name: z.string(),
    distro: z.string(),
    release: z.string(),
    arch: z.enum(ARCHES),
    key: z.string().regex(/^[0-9a-f]{64}$/),
    kernel: z.literal('vmlinuz').optional(),
    initrd: z.literal('initrd.img').optional(),
    disk: z.literal('disk.qcow2').optional(),
    append: z.string().optional(),
    bringUp: z.enum(['ssh', 'init']),
    keys: z.literal('initrd').optional(),
    prepare: z.array(z.string()),
    builtAt: z.iso.datetime(),
  })
  .refine(
    ({kernel, initrd, append}) => new Set([kernel, initrd, append].map((one) => one === undefined)).size === 1,
    'expected kernel, initrd and append, or none of them',
  )
  .refine(({kernel, disk}) => kernel !== undefined || disk !== undefined, 'expected a kernel or a disk to boot from');
type Entry = z.input<typeof entrySchema>;

/** Directory of an image in the cache's images/. */
export const entryName = (name: string, key: string): string => `${name}-${key.slice(0, 12)}`;

/** Writes image.json into a directory that is being built. */
export async function writeEntry(dir: string, {boot, login, prepare, ...rest}: NamedImage): Promise<void> {
  const {how: _, ...direct} = boot;
  const entry: Entry = {
    builder: BUILDER,
    ...rest,
    ...direct,
    bringUp: login.how,
    ...(login.how === 'ssh' && login.keys ? {keys: login.keys} : {}),
    prepare: [...prepare],
    builtAt: new Date().toISOString(),
  };
  await writeWhole(join(dir, 'image.json'), `${JSON.stringify(entry, undefined, 2)}\n`);
}

/**
 * The image of a key: from the cache, or put there now by `build`, which gets an empty directory and ends with
 * writeEntry.
 */
export async function imageOf(
  name: string,
  key: string,
  options: BuildOptions,
  build: (dir: string) => Promise<void>,
): Promise<Image> {
  const directory = entryName(name, key);
  const cached = await readEntry(options.cache, directory);
  if (cached) return cached;
  await buildEntry(directory, options, build);
  const built = await readEntry(options.cache, directory);
  if (!built) throw new Broken(`${directory}: built, and yet not in the cache`);
  return built;
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
  const {builder: _, kernel, initrd, append, disk, bringUp, keys, ...rest} = parsed.data;
  return {
    ...rest,
    boot:
      kernel !== undefined && initrd !== undefined && append !== undefined
        ? {how: 'direct', kernel: join(dir, kernel), initrd: join(dir, initrd), append}
        : {how: 'disk'},
    ...(disk ? {disk: join(dir, disk)} : {}),
    login: bringUp === 'ssh' && keys ? {how: bringUp, keys} : {how: bringUp},
  };
}
