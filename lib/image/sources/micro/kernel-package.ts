import {createHash} from 'node:crypto';
import {readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Broken} from '../../../util/errors.ts';
import {isThere, namesIn, readIfThere} from '../../../util/files.ts';
import {BUILDER, entryName} from '../../entry.ts';
import {buildEntry, imagesDir, type BuildOptions} from '../../store.ts';
import {extract} from '../debian/extract.ts';
import type {Manifest} from '../source.ts';

/** A kernel, its modules and its config, if it has one, out of a Debian package, unpacked once into the cache. */
export async function kernelFromPackage(
  {name, arch}: Pick<Manifest, 'name' | 'arch'>,
  source: {readonly suite: string; readonly kernel: string; readonly validUntil: 'check' | 'ignore'},
  options: BuildOptions & {mirror?: string | undefined},
): Promise<CachedKernel> {
  const inputs = JSON.stringify({
    builder: BUILDER,
    form: 'with its config',
    arch,
    source,
    mirror: options.mirror ?? null,
  });
  return await cachedKernel(`kernel-${source.kernel}`, inputs, options, async (dir) => {
    await keepKernel(await extract(name, source, arch, [source.kernel], dir, options), source, dir);
  });
}

/** The files of a kernel in the cache. */
export interface CachedKernel {
  readonly kernel: string;
  readonly modules: string;
  readonly config: string | undefined;
}

/** The kernel that `make` puts into a directory by keepKernel, once for the same inputs. */
export async function cachedKernel(
  name: string,
  inputs: string,
  options: BuildOptions,
  make: (dir: string) => Promise<void>,
): Promise<CachedKernel> {
  const directory = entryName(name, createHash('sha256').update(inputs).digest('hex'));
  const path = join(imagesDir(options.cache), directory);
  if ((await readIfThere(join(path, 'version'))) === undefined) await buildEntry(directory, options, make);
  const config = join(path, `config-${(await readFile(join(path, 'version'), 'utf8')).trim()}`);
  return {
    kernel: join(path, 'vmlinuz'),
    modules: join(path, 'modules'),
    config: (await isThere(config)) ? config : undefined,
  };
}

/** Takes kernel, modules and config out of an unpacked package into `dir`, and removes the rest. Returns the version. */
export async function keepKernel(
  tree: string,
  source: {readonly suite: string; readonly kernel: string},
  dir: string,
): Promise<string> {
  const {kernel, version} = await onlyKernel(tree, source);
  await rename(join(tree, kernel), join(dir, 'vmlinuz'));
  const lib = (await namesIn(join(tree, 'usr/lib/modules'))).length > 0 ? 'usr/lib/modules' : 'lib/modules';
  await rename(join(tree, lib), join(dir, 'modules'));
  for (const config of [join(tree, 'boot', `config-${version}`), join(dir, 'modules', version, 'config')])
    if (await isThere(config)) await rename(config, join(dir, `config-${version}`));
  await rm(tree, {recursive: true});
  await writeFile(join(dir, 'version'), `${version}\n`);
  return version;
}

/**
 * The one kernel in what was unpacked: `boot/vmlinuz-VERSION`, or, where installing the package is what copies it there
 * (Debian from 6.19 on), `usr/lib/modules/VERSION/vmlinuz`. Throws Broken where there is none, or another one.
 */
export async function onlyKernel(
  tree: string,
  {suite, kernel}: {readonly suite: string; readonly kernel: string},
): Promise<{kernel: string; version: string}> {
  const inBoot = (await namesIn(join(tree, 'boot'))).flatMap((file) => {
    const version = /^vmlinu[xz]-(.+)$/.exec(file)?.[1];
    return version === undefined ? [] : [{kernel: `boot/${file}`, version}];
  });
  const modules = await namesIn(join(tree, 'usr/lib/modules'));
  const besideModules = await Promise.all(
    modules.map(async (version) =>
      (await namesIn(join(tree, 'usr/lib/modules', version)))
        .filter((file) => /^vmlinu[xz]$/.test(file))
        .map((file) => ({kernel: `usr/lib/modules/${version}/${file}`, version})),
    ),
  );
  const found = inBoot.length > 0 ? inBoot : besideModules.flat();
  const [only] = found;
  if (found.length !== 1 || only === undefined)
    throw new Broken(
      `${kernel} of ${suite} has ${found.length} kernels in /boot and /usr/lib/modules, expected one: ` +
        found.map((one) => one.kernel).join(', '),
    );
  return only;
}
