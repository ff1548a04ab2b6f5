import {mkdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Broken} from '../../../../util/errors.ts';
import {namesIn} from '../../../../util/files.ts';
import type {Arch} from '../../../image.ts';
import {BUILDER} from '../../../entry.ts';
import {runTool} from '../../../tool.ts';
import {cachedKernel, keepKernel, type CachedKernel} from '../../micro/kernel-package.ts';
import {pickModules, WANTED} from '../../micro/modules.ts';
import type {Apt, AptOptions} from '../apt.ts';
import type {KernelPackage} from './list.ts';

/**
 * Kernel, config, and those modules that a micro guest loads, out of a package that apt fetched and verified, once into
 * the cache. All modules of all kernels would be tens of GB.
 */
export async function unpackKernel(
  {name, release, version, suites, parts}: KernelPackage,
  arch: Arch,
  apt: Apt,
  options: AptOptions,
): Promise<CachedKernel> {
  const inputs = JSON.stringify({
    builder: BUILDER,
    arch,
    parts,
    version,
    modules: WANTED,
    mirror: options.mirror ?? null,
  });
  return await cachedKernel(name, inputs, options, async (dir) => {
    options.log(`fetching ${name} ${version} of ${suites.join(', ')}`);
    const [packages, tree] = [join(dir, 'packages'), join(dir, 'tree')];
    await mkdir(packages);
    await apt('apt-get', ['download', ...parts.map((part) => `${part}=${version}`)], packages);
    const files = await namesIn(packages);
    if (files.length !== parts.length)
      throw new Broken(`${name}: apt fetched ${files.length} packages, wanted ${parts.length}: ${parts.join(', ')}`);
    for (const file of files) await runTool('dpkg-deb', ['-x', join(packages, file), tree], {signal: options.signal});
    await rm(packages, {recursive: true});
    const seen = await keepKernel(tree, {suite: suites.join(', '), kernel: name}, dir);
    if (seen !== release) throw new Broken(`${name} has a kernel ${seen} in it, expected ${release}`);
    const modules = await pickModules(join(dir, 'modules'), release);
    await rm(join(dir, 'modules'), {recursive: true});
    await mkdir(join(dir, 'modules'));
    for (const one of modules) await writeFile(join(dir, 'modules', `${one.name}.ko`), one.data);
  });
}
