import {createHash} from 'node:crypto';
import {readdir, rename, rm, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {Broken} from '../../../util/errors.ts';
import {readIfThere} from '../../../util/files.ts';
import {BUILDER, entryName} from '../../entry.ts';
import {buildEntry, imagesDir, type BuildOptions} from '../../store.ts';
import {extract} from '../debian/extract.ts';
import type {Manifest} from '../source.ts';

/** A kernel and its modules out of a Debian package, unpacked once into the cache. */
export async function kernelFromPackage(
  {name, arch}: Pick<Manifest, 'name' | 'arch'>,
  source: {readonly suite: string; readonly kernel: string; readonly validUntil: 'check' | 'ignore'},
  options: BuildOptions & {mirror?: string | undefined},
): Promise<{kernel: string; modules: string}> {
  const inputs = JSON.stringify({builder: BUILDER, arch, source, mirror: options.mirror ?? null});
  const directory = entryName(`kernel-${source.kernel}`, createHash('sha256').update(inputs).digest('hex'));
  const path = join(imagesDir(options.cache), directory);
  if ((await readIfThere(join(path, 'version'))) === undefined) {
    await buildEntry(directory, options, async (dir) => {
      const tree = await extract(name, source, arch, [source.kernel], dir, options);
      const kernels = (await readdir(join(tree, 'boot'))).filter((file) => /^vmlinu[xz]-/.test(file));
      const [kernel] = kernels;
      if (kernels.length !== 1 || kernel === undefined) {
        throw new Broken(
          `${source.kernel} of ${source.suite} has ${kernels.length} kernels in /boot, expected one: ` +
            kernels.join(', '),
        );
      }
      await rename(join(tree, 'boot', kernel), join(dir, 'vmlinuz'));
      const lib =
        (await readdir(join(tree, 'usr/lib/modules')).catch(() => [])).length > 0 ? 'usr/lib/modules' : 'lib/modules';
      await rename(join(tree, lib), join(dir, 'modules'));
      await rm(tree, {recursive: true});
      await writeFile(join(dir, 'version'), `${basename(kernel).replace(/^vmlinu[xz]-/, '')}\n`);
    });
  }
  return {kernel: join(path, 'vmlinuz'), modules: join(path, 'modules')};
}
