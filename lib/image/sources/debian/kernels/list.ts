import picomatch from 'picomatch';
import {UsageError} from '../../../../util/errors.ts';
import {ARCHES, type Arch} from '../../../image.ts';
import {compareVersions} from '../../../../util/debian-version.ts';
import {SUITES} from '../suites.ts';
import type {Apt} from '../apt.ts';

/** A kernel in Debian's archive. */
export interface KernelPackage {
  /** linux-image-RELEASE, signed where there is one that is. */
  readonly name: string;
  /** What `uname -r` says: 6.12.118+deb13-cloud-amd64. */
  readonly release: string;
  /** The package's version: 6.12.118-1. */
  readonly version: string;
  readonly suites: readonly string[];
  /** All packages that make it up, itself included: from 6.19 on it only depends on those with the files. */
  readonly parts: readonly string[];
  /**
   * Those of them that the archive has not, or not in this version: of a kernel that backports have superseded the
   * signed packages stay longer than the others. It can't be unpacked.
   */
  readonly lacks: readonly string[];
}

/** What `--kernel debian:…` asks for. */
export interface KernelPattern {
  readonly text: string;
  readonly arch: Arch | undefined;
  readonly suite: string | undefined;
  readonly pattern: string;
}

/** Reads `debian:PATTERN`, `debian:SUITE/PATTERN` or `debian/ARCH:…`; undefined for anything else: it is a file. */
export function kernelPattern(text: string): KernelPattern | undefined {
  const [, arch, suite, pattern] = /^debian(?:\/([^:/]*))?:(?:([^/]*)\/)?(.*)$/.exec(text) ?? [];
  if (pattern === undefined) return undefined;
  const known = ARCHES.find((one) => one === arch);
  if (arch !== undefined && known === undefined)
    throw new UsageError(`--kernel ${text}: unknown architecture "${arch}"; there are ${ARCHES.join(', ')}`);
  if (suite !== undefined && !SUITES.includes(suite))
    throw new UsageError(`--kernel ${text}: unknown suite "${suite}"; there are ${SUITES.join(', ')}`);
  if (!/^[\w.+~*?[\]{},!-]{1,100}$/.test(pattern))
    throw new UsageError(
      `--kernel ${text}: wanted a pattern of kernel releases after the colon, e.g. debian:* or debian:6.12*`,
    );
  return {text, arch: known, suite, pattern};
}

/** All kernels of the lists, the oldest first. */
export async function listKernels(apt: Apt): Promise<KernelPackage[]> {
  const names = (await apt('apt-cache', ['pkgnames', 'linux-image-'])).split('\n').filter((name) => IMAGE.test(name));
  if (names.length === 0) return [];
  const show = await apt('apt-cache', ['show', '--no-all-versions', ...names]);
  const parts = [...new Set(kernelsOf(show, '').flatMap((kernel) => kernel.parts))];
  return parts.length === 0 ? [] : kernelsOf(show, await apt('apt-cache', ['madison', ...parts]));
}

/** Neither debugging symbols nor the templates that signatures are made from, and no metapackage of a flavour. */
const IMAGE = /^linux-image-(\d[\w.+~-]*?)(?:-unsigned)?$(?<!-dbg|-template)/;

/** Kernels out of what `apt-cache show` and `apt-cache madison` print. */
export function kernelsOf(show: string, madison: string): KernelPackage[] {
  const suites = new Map<string, string[]>();
  for (const line of madison.split('\n')) {
    const [name = '', version = '', source = ''] = line.split('|').map((part) => part.trim());
    const suite = /^\S+ ([^/\s]+)\//.exec(source)?.[1];
    if (suite !== undefined) suites.set(`${name} ${version}`, [...(suites.get(`${name} ${version}`) ?? []), suite]);
  }
  const kernels = new Map<string, KernelPackage>();
  for (const paragraph of show.split(/\n{2,}/)) {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1] ?? '';
    const [name, version, depends] = [field('Package'), field('Version'), field('Depends')];
    const release = IMAGE.exec(name)?.[1];
    if (release === undefined || /(?:^|[\s,])linux-image-\d/.test(depends)) continue; // a metapackage
    if (kernels.has(release) && name.endsWith('-unsigned')) continue;
    const parts = depends
      .split(/,\s*/)
      .flatMap((one) => /^(linux-(?:base|binary|modules)-\S+) \(= /.exec(one)?.[1] ?? [])
      .filter((part) => part.endsWith(`-${release}`));
    const all = [name, ...parts];
    kernels.set(release, {
      name,
      release,
      version,
      suites: suites.get(`${name} ${version}`) ?? [],
      parts: all,
      lacks: all.filter((part) => !suites.has(`${part} ${version}`)),
    });
  }
  return [...kernels.values()].sort((a, b) => compareVersions(a.release, b.release));
}

/** Those that a pattern names. Throws UsageError where there is none, naming what there is. */
export function matching(kernels: readonly KernelPackage[], {text, suite, pattern}: KernelPattern): KernelPackage[] {
  const isMatch = picomatch(pattern, {noextglob: true, dot: true});
  const within = kernels.filter(({suites}) => suite === undefined || suites.includes(suite));
  const found = within.filter(({release}) => isMatch(release));
  if (found.length > 0) return found;
  const there = within.map(({release}) => release);
  const shown = there.length > 12 ? [...there.slice(0, 6), '…', ...there.slice(-6)] : there;
  throw new UsageError(
    `--kernel ${text}: no kernel of Debian's matches "${pattern}"; there are ${there.length}` +
      (there.length > 0 ? `: ${shown.join(', ')}` : ''),
  );
}
