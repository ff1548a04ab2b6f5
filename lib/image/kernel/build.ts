import {mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import {Broken, UsageError} from '../../util/errors.ts';
import {readIfThere} from '../../util/files.ts';
import {root} from '../../util/paths.ts';
import {BUILDER} from '../entry.ts';
import type {Arch} from '../image.ts';
import {freshApt, type AptOptions} from '../sources/debian/apt.ts';
import {cachedKernel, type CachedKernel} from '../sources/micro/kernel-package.ts';
import {readKernel} from '../sources/micro/kernelfile.ts';
import {needTools, runTool} from '../tool.ts';
import {explain} from './explain.ts';
import {compileProgress, kbuild, type Kbuild} from './kbuild.ts';
import {readKconfig} from './kconfig.ts';
import {configText, differences, mergeOptions, readConfig, readFragment, type Option} from './options.ts';
import {findSource, releaseOf, unpackedSource} from './source.ts';
import {prefixOn, targets, toolsOf, type Target} from './targets.ts';

/** The kernel that is wanted. */
export interface AskedKernel {
  readonly arch: Arch;
  /** The suite of Debian's whose linux-source it is built of. */
  readonly suite: string;
  /** Options beyond memhp's own, or instead of them: readAsked(). */
  readonly options: readonly Option[];
  readonly jobs?: number | undefined;
}

/** What a kernel is built of, and with: all that goes into its key. */
interface Recipe {
  readonly arch: Arch;
  readonly target: Target;
  readonly release: string;
  readonly source: string;
  readonly options: readonly Option[];
  readonly jobs: number;
}

/** What of the host a build goes by. */
export interface KernelHost {
  readonly open: typeof freshApt;
  /** The programs and headers that must be there. */
  readonly tools: typeof toolsOf;
}

/** linux-source is the same for all architectures, so any list has it. */
const LIST: Arch = 'amd64';

/**
 * A kernel of Debian's source with memhp's config, built once for the same source, options and compiler. Throws
 * UsageError where the host lacks something, or where an option can't be had.
 */
export async function builtKernel(
  {arch, suite, options: asked, jobs = availableParallelism()}: AskedKernel,
  options: AptOptions,
  {open, tools}: KernelHost = {open: freshApt, tools: toolsOf},
): Promise<CachedKernel> {
  const target = targets[arch];
  await needTools(`building a kernel for ${arch}`, tools(target));
  if (/[\s:]/.test(options.cache))
    throw new UsageError(
      `${options.cache}: the kernel can't be built in a directory with a space or a colon in its name; MEMHP_CACHE ` +
        'names another place for the cache',
    );
  const compiler = (await runTool(`${prefixOn(target)}gcc`, ['--version'])).split('\n')[0] ?? '';
  const apt = await open(LIST, options);
  const source = await findSource(apt, suite);
  const release = releaseOf(source);
  const wanted = mergeOptions(await fragment('common', release), await fragment(arch, release), asked);
  const inputs = JSON.stringify({
    builder: BUILDER,
    arch,
    source,
    mirror: options.mirror ?? null,
    config: configText(wanted),
    compiler,
  });
  return await cachedKernel(`kernel-built-${arch}`, inputs, options, async (dir) => {
    const tree = await unpackedSource(source, apt, options);
    await compileInto(dir, {arch, target, release, source: tree, options: wanted, jobs}, options);
  });
}

const fragment = async (name: string, release: string): Promise<Option[]> =>
  readFragment(
    `${name}.config`,
    await readFile(join(root, 'lib/image/kernel/fragments', `${name}.config`), 'utf8'),
    release,
  );

/** Puts kernel, config and version into a directory; what the compiler writes is beside them only meanwhile. */
async function compileInto(dir: string, recipe: Recipe, options: AptOptions): Promise<void> {
  const {arch, target, release, source, jobs} = recipe;
  const out = join(dir, 'out');
  await mkdir(out);
  const make = await kbuild({source, out}, target, options);
  await configure(out, recipe, make);
  const what = `compiling Linux ${release} for ${arch}`;
  options.log(`${what}, ${jobs} files at a time: some minutes`);
  await make([`-j${jobs}`, target.make], compileProgress(what, options.log));
  const version = (await readFile(join(out, 'include/config/kernel.release'), 'utf8')).trim();
  await rename(join(out, target.image), join(dir, 'vmlinuz'));
  await rename(join(out, '.config'), join(dir, `config-${version}`));
  await rm(out, {recursive: true});
  const seen = await readKernel(join(dir, 'vmlinuz'));
  if (seen.arch !== arch) throw new Broken(`built a kernel for ${arch}, and it is one for ${seen.arch}`);
  await writeFile(join(dir, 'version'), `${version}\n`);
}

/** Makes the config, and compares it with what was asked before anything is compiled. Throws UsageError. */
async function configure(out: string, {target, source, release, options}: Recipe, make: Kbuild): Promise<void> {
  const file = join(out, 'asked.config');
  await writeFile(file, configText(options));
  await make([`KCONFIG_ALLCONFIG=${file}`, 'allnoconfig']);
  const text = await readIfThere(join(out, '.config'));
  if (text === undefined) throw new Broken(`make allnoconfig of ${source} has left no .config`);
  const config = readConfig(text);
  const wrong = differences(options, config);
  if (wrong.length === 0) return;
  const definitions = await readKconfig(source, target.directory);
  throw new UsageError(
    `Linux ${release} can't be configured as asked:\n` +
      wrong.map((one) => `  ${explain(one, definitions, config)}\n`).join('') +
      'nothing was compiled; --enable what is lacking, or --disable what is not needed',
  );
}
