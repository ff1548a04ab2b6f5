import {Broken} from '../util/errors.ts';
import {entryName, readEntry} from './entry.ts';
import type {Image} from './image.ts';
import type {GuestSource, Manifest, SourceOptions, Sources} from './sources/source.ts';
import {sources} from './sources/sources.ts';

/** The manifest's image, from the cache or built now. */
export async function ensureImage(
  manifest: Manifest,
  options: SourceOptions,
  table: Sources = sources,
): Promise<Image> {
  const {entry, source} = sourceOf(manifest, table);
  return await entry.build(manifest, source, options);
}

/**
 * The manifest's image where it is in the cache already; builds nothing. One whose key only a build shows is never
 * found.
 */
export async function findImage(
  manifest: Manifest,
  options: Pick<SourceOptions, 'cache' | 'mirror'>,
  table: Sources = sources,
): Promise<Image | undefined> {
  const key = await imageKey(manifest, options, table);
  return key === undefined ? undefined : await readEntry(options.cache, entryName(manifest.name, key));
}

/** Digest of all that goes into the image; undefined where only a build shows it. */
export async function imageKey(
  manifest: Manifest,
  options: Pick<SourceOptions, 'mirror'>,
  table: Sources = sources,
): Promise<string | undefined> {
  const {entry, source} = sourceOf(manifest, table);
  return await entry.key(manifest, source, options);
}

/** The entry that a manifest names, and what it says to it. */
function sourceOf(manifest: Manifest, table: Sources): {entry: GuestSource; source: unknown} {
  const names = Object.keys(manifest.source);
  const [name = ''] = names;
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!entry || names.length > 1)
    throw new Broken(
      `${manifest.name}: its sources are ${names.join(', ') || 'none'}, expected one of ` +
        Object.keys(table).join(', '),
    );
  return {entry, source: manifest.source[name]};
}
