import {UsageError} from '../../../../util/errors.ts';
import {ToolFailed} from '../../../tool.ts';
import type {Apt} from '../apt.ts';

/** A package in one version. */
export interface Package {
  readonly name: string;
  readonly version: string;
}

/** A program of QEMU's in one of Debian's systems, and what has to be unpacked to run it. */
export interface QemuPackages {
  /** `qemu-system-x86_64`. */
  readonly program: string;
  /** `trixie`, `trixie-backports`, `sid`. */
  readonly system: string;
  /** With all that they depend on, down to the C library; sorted by name. */
  readonly packages: readonly Package[];
}

/**
 * The packages that apt would install for a program on an empty system. Which one brings the program changes from
 * release to release, but each says which programs are in it: `Provides: qemu-system-x86-64`. Throws UsageError where
 * the system has no such package, or not all of what it needs.
 */
export async function findPackages(
  {program, also = []}: {readonly program: string; readonly also?: readonly string[] | undefined},
  system: string,
  apt: Apt,
): Promise<QemuPackages> {
  const wanted = [program.replaceAll('_', '-'), ...also];
  const given = ['-o', 'APT::Install-Suggests=false', '--no-install-recommends', '--yes', '--print-uris'];
  // Backports are taken only where they are asked for.
  const target = system.endsWith('-backports') ? ['--target-release', system] : [];
  try {
    const packages = packagesIn(await apt('apt-get', ['install', ...given, ...target, ...wanted]));
    if (packages.length > 0) return {program, system, packages};
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error;
    const why = error.output.split('\n').flatMap((line) => /^E: (.*)/.exec(line)?.[1] ?? []);
    throw new UsageError(
      `--qemu debian:${system}: apt can't install ${wanted.join(' and ')} of ${system}: ` +
        (why.join('; ') || error.message),
      {cause: error},
    );
  }
  throw new UsageError(`--qemu debian:${system}: apt names no package of ${system} that brings ${program}`);
}

/** Out of what `apt-get install --print-uris` says: `'http://…' NAME_VERSION_ARCH.deb SIZE HASH`, colons as %3a. */
export function packagesIn(output: string): Package[] {
  const lines = output.matchAll(/^'[^']+' ([a-z0-9][a-z0-9+.-]*)_([\w.+~%-]+)_[a-z0-9]+\.deb \d+ /gm);
  return [...lines]
    .map(([, name = '', version = '']) => ({name, version: decodeURIComponent(version)}))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
