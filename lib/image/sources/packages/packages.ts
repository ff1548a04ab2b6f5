import {imageOf} from '../../entry.ts';
import {keyOf, type GuestSource, type Manifest, type SourceOptions} from '../source.ts';
import {buildPackages, packagesInputs} from './build.ts';
import {schema, type PackagesSource} from './schema.ts';

/** A disk with a userland of a suite's packages; kernel and initrd are taken out of it. */
export const packages: GuestSource<PackagesSource> = {
  title: 'a userland and a kernel from Debian packages',
  schema,
  key: packagesKey,
  async build(manifest, source, options) {
    const key = await packagesKey(manifest, source, options);
    return await imageOf(manifest.name, key, options, (dir) => buildPackages(manifest, source, key, dir, options));
  },
};

async function packagesKey(manifest: Manifest, _: unknown, {mirror}: Pick<SourceOptions, 'mirror'>): Promise<string> {
  return keyOf(manifest, {mirror: mirror ?? null, files: await packagesInputs()});
}
