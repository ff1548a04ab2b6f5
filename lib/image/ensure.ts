import {createHash} from 'node:crypto';
import {Broken} from '../util/errors.ts';
import {BUILDER, entryName, imageOf, readEntry} from './entry.ts';
import type {Image} from './image.ts';
import type {Manifest} from './manifest.ts';
import {microFromManifest} from './sources/micro/image.ts';
import {buildPackages, packagesInputs} from './sources/packages/build.ts';
import type {BuildOptions} from './store.ts';

export interface EnsureOptions extends BuildOptions {
  /** Mirror to take packages from; absent: mmdebstrap's own choice. */
  readonly mirror?: string | undefined;
  /** Text of the shell server, for micro guests: serveScript(). */
  readonly serve?: string | undefined;
}

/** The manifest's image, from the cache or built now. */
export async function ensureImage(manifest: Manifest, options: EnsureOptions): Promise<Image> {
  const {packages, micro} = manifest.source;
  if (micro) {
    if (options.serve === undefined) throw new Broken(`${manifest.name}: a micro guest without a shell server`);
    return await microFromManifest(manifest, micro, {...options, serve: options.serve});
  }
  if (!packages) throw new Broken(`${manifest.name}: a manifest without a source`);
  const key = await imageKey(manifest, options.mirror);
  return await imageOf(manifest.name, key, options, (dir) => buildPackages(manifest, packages, key, dir, options));
}

/** The manifest's image where it is in the cache already; builds nothing. A micro guest is never found: it takes seconds to make. */
export async function findImage(
  manifest: Manifest,
  options: {cache: string; mirror?: string | undefined},
): Promise<Image | undefined> {
  if (!manifest.source.packages) return undefined;
  return await readEntry(options.cache, entryName(manifest.name, await imageKey(manifest, options.mirror)));
}

/** Digest of all that goes into the image. The title is for people, so it doesn't count. */
export async function imageKey(manifest: Manifest, mirror: string | undefined): Promise<string> {
  const {title: _, ...content} = manifest;
  const inputs = {builder: BUILDER, content, mirror: mirror ?? null, files: await packagesInputs()};
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}
