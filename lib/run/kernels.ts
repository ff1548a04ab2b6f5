import {defaultGuest, loadManifest} from '../image/manifest.ts';
import type {Arch, Image} from '../image/image.ts';
import {freshApt, type Apt, type AptOptions} from '../image/sources/debian/apt.ts';
import {
  kernelPattern,
  listKernels,
  matching,
  type KernelPackage,
  type KernelPattern,
} from '../image/sources/debian/kernels/list.ts';
import {unpackKernel} from '../image/sources/debian/kernels/unpack.ts';
import {microImage} from '../image/sources/micro/image.ts';
import {readKernel} from '../image/sources/micro/kernelfile.ts';
import {boardOf, boards} from '../machine/board/boards.ts';
import {UsageError} from '../util/errors.ts';
import type {CacheUse} from './cache-use.ts';
import {serve} from './guest-script.ts';

/** What `--kernel` was given, read: packages of Debian's by pattern, and files. */
export interface AskedKernels {
  readonly texts: readonly string[];
  readonly modules: string | undefined;
  readonly patterns: readonly KernelPattern[];
  readonly files: readonly {readonly path: string; readonly name: string}[];
  /** Of all of them, each once. */
  readonly arches: readonly Arch[];
}

/** Reads and checks all that `--kernel` and `--modules` say, before anything is touched. Throws UsageError. */
export async function readKernels(kernels: readonly string[], modules: string | undefined): Promise<AskedKernels> {
  const patterns = kernels.flatMap((text) => kernelPattern(text) ?? []);
  const paths = kernels.filter((text) => kernelPattern(text) === undefined);
  if (modules !== undefined && (paths.length !== 1 || patterns.length > 0))
    throw new UsageError('--modules are those of one kernel: it goes with exactly one --kernel, a file');
  const files: AskedKernels['files'][number][] = [];
  const arches = new Set<Arch>();
  for (const path of paths) {
    const {arch, version} = await readKernel(path);
    boardOf(arch, boards, path);
    arches.add(arch);
    const name = kernels.length === 1 ? 'micro' : `micro-${version ?? 'unknown'}`;
    if (files.some((file) => file.name === name))
      throw new UsageError(
        `--kernel ${path}: another kernel of ${version ?? 'an unknown release'} was named already, and the ` +
          'report could not tell them apart; run them one after the other',
      );
    files.push({path, name});
  }
  for (const pattern of patterns) arches.add(await archOf(pattern));
  return {texts: kernels, modules, patterns, files, arches: [...arches]};
}

const archOf = async ({arch}: KernelPattern): Promise<Arch> => arch ?? (await loadManifest(defaultGuest())).arch;

/** A package, what its name is as a guest, and the apt that knows it. */
interface Found {
  readonly kernel: KernelPackage;
  readonly arch: Arch;
  readonly apt: Apt;
}

/** The packages that patterns name, each once, the oldest first in each architecture. Throws UsageError. */
async function find(patterns: readonly KernelPattern[], options: AptOptions): Promise<Found[]> {
  const found = new Map<string, Found>();
  const lists = new Map<Arch, {apt: Apt; kernels: KernelPackage[]}>();
  for (const pattern of patterns) {
    const arch = await archOf(pattern);
    let list = lists.get(arch);
    if (list === undefined) {
      const apt = await freshApt(arch, options);
      list = {apt, kernels: await listKernels(apt)};
      lists.set(arch, list);
    }
    for (const kernel of matching(list.kernels, pattern))
      found.set(`${arch} ${kernel.release}`, {kernel, arch, apt: list.apt});
  }
  return [...found.values()];
}

/** The kernel packages that `--kernel debian:…` would take. Throws UsageError, also for a file. */
export async function kernelPackages(
  kernels: readonly string[],
  use: CacheUse,
  options: AptOptions,
): Promise<KernelPackage[]> {
  const patterns = kernels.map((text) => {
    const pattern = kernelPattern(text);
    if (pattern === undefined)
      throw new UsageError(`--kernel ${text}: is a file, which run takes as it is; list wants debian:PATTERN`);
    return pattern;
  });
  await use.begin();
  return (await find(patterns, options)).map(({kernel}) => kernel);
}

/** A micro guest of each kernel, side by side. Throws UsageError. */
export async function kernelImages(
  {texts, modules, patterns, files}: AskedKernels,
  options: AptOptions,
): Promise<Image[]> {
  const images: Image[] = [];
  for (const {path, name} of files) images.push(await microImage({kernel: path, modules, name}, {...options, serve}));
  const found = await find(patterns, options);
  const whole = found.filter(({kernel}) => kernel.lacks.length === 0);
  for (const {kernel} of found.filter((one) => !whole.includes(one)))
    options.log(`${kernel.release} is left out: the archive lacks ${kernel.lacks.join(', ')}`);
  if (found.length > 0 && whole.length === 0)
    throw new UsageError(`--kernel ${texts.join(' ')}: the archive lacks packages of every kernel that this names`);
  for (const {kernel, arch, apt} of whole) {
    const name = `micro-${kernel.release}`;
    if (files.some((file) => file.name === name))
      throw new UsageError(`--kernel: ${name} is given as a file and as a package`);
    const unpacked = await unpackKernel(kernel, arch, apt, options);
    const facts = {name, distro: 'debian', release: kernel.version};
    images.push(await microImage({...unpacked, ...facts}, {...options, serve}));
  }
  return images;
}
