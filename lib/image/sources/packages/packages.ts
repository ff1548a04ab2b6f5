import {imageOf} from '../../entry.ts';
import {keyOf, type GuestSource, type Manifest, type SourceOptions} from '../source.ts';
import {buildPackages} from './build.ts';
import {packagesInputs} from './content.ts';
import {buildForeign, foreignInputs, isForeign} from './foreign/foreign.ts';
import {schema, type PackagesSource} from './schema.ts';

/** A disk with a userland of a suite's packages; kernel and initrd are taken out of it. */
export const packages: GuestSource<PackagesSource> = {
  title: 'a userland and a kernel from Debian packages',
  schema,
  key: packagesKey,
  async build(manifest, source, options) {
    const build = isForeign(manifest.arch) ? buildForeign : buildPackages;
    const key = await packagesKey(manifest, source, options);
    return await imageOf(manifest.name, key, options, (dir) => build(manifest, source, key, dir, options));
  },
};

async function packagesKey(manifest: Manifest, _: unknown, {mirror}: Pick<SourceOptions, 'mirror'>): Promise<string> {
  const foreign = isForeign(manifest.arch) ? {foreign: await foreignInputs()} : {};
  return keyOf(manifest, {mirror: mirror ?? null, files: await packagesInputs(manifest.arch), ...foreign});
}
