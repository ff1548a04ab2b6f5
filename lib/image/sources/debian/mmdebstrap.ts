import {chmod, mkdtemp, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Broken, messageOf} from '../../../util/errors.ts';
import {isThere} from '../../../util/files.ts';
import type {Log} from '../../../util/log.ts';
import type {Arch} from '../../image.ts';
import {removeScratch, SCRATCH} from '../../store.ts';
import {runTool} from '../../tool.ts';

export const isRoot = process.getuid?.() === 0;

/** Debian's keys where its own package puts them, on Debian and Ubuntu alike. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/**
 * Every Debian installed since buster has a merged /usr; without these hooks mmdebstrap would leave bullseye unmerged
 * and pull perl into bookworm to merge it afterwards. The first leaves a stand-in for the package usr-is-merged, which
 * the second replaces by the real one; bullseye has no real one.
 */
const MERGED_USR = '/usr/share/mmdebstrap/hooks/merged-usr';
const REPLACE_STAND_IN =
  'if APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-cache madison usr-is-merged | grep -q .; ' +
  `then ${MERGED_USR}/essential00.sh "$1"; else chroot "$1" dpkg --purge usr-is-merged; fi`;

/** Documentation is in no image. */
const DOCS = ['man', 'doc', 'locale', 'info'].map((name) => `/usr/share/${name}`);
/** A hook: dpkg leaves it out from there on. */
export const WITHOUT_DOCS =
  `printf 'path-exclude=%s\\n' ${DOCS.map((dir) => `'${dir}/*'`).join(' ')} > ` + `"$1/etc/dpkg/dpkg.cfg.d/memhp"`;
/** A hook: removes what was unpacked of it. */
export const REMOVE_DOCS = `rm -rf ${DOCS.map((dir) => `"$1${dir}"`).join(' ')}`;

export interface Bootstrap {
  readonly dir: string;
  readonly arch: Arch;
  /** A directory (as root only) or a path that ends in .tar. */
  readonly target: string;
  readonly variant: 'essential' | 'extract';
  /** Packages, or patterns of apt's: each is an argument of its own, or mmdebstrap would take a pattern for a list. */
  readonly include: readonly string[];
  /** A second suite of the same mirror, for packages that the first one lacks. */
  readonly alsoFrom?: string | undefined;
  /** Commands for the end of it: customize hooks, or extract hooks where packages are only unpacked. */
  readonly hooks?: readonly string[];
  readonly env?: Record<string, string>;
  readonly mirror?: string | undefined;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}

/** Runs mmdebstrap for a suite: as root in mode root, otherwise in a user namespace (mode unshare). */
export async function mmdebstrap(
  guest: string,
  source: {readonly suite: string; readonly validUntil: 'check' | 'ignore'},
  bootstrap: Bootstrap,
): Promise<void> {
  const {dir, arch, target, variant, include, alsoFrom, hooks = [], env, mirror, log, signal} = bootstrap;
  if (source.validUntil === 'ignore')
    log(`${guest}: a Release file of ${source.suite} past its date is accepted, as its manifest says`);
  const args = [
    `--mode=${isRoot ? 'root' : 'unshare'}`,
    `--variant=${variant}`,
    `--architectures=${arch}`,
    ...include.map((pattern) => `--include=${pattern}`),
    ...((await isThere(KEYRING)) ? [`--keyring=${KEYRING}`] : []),
    ...(source.validUntil === 'ignore' ? ['--aptopt=Acquire::Check-Valid-Until "false"'] : []),
    '--aptopt=Acquire::Languages "none"',
    ...(alsoFrom === undefined
      ? []
      : [
          `--setup-hook=sed 's/ ${source.suite} / ${alsoFrom} /' "$1/etc/apt/sources.list" ` +
            `>"$1/etc/apt/sources.list.d/memhp.list"`,
        ]),
    ...(variant === 'essential'
      ? [
          '--dpkgopt=force-unsafe-io',
          ...((await isThere(MERGED_USR))
            ? [`--setup-hook=${MERGED_USR}/setup00.sh`, `--essential-hook=${REPLACE_STAND_IN}`]
            : []),
          // Not as --dpkgopt: mmdebstrap would push the essential packages through a filter of its own, for 10 s.
          `--essential-hook=${WITHOUT_DOCS}`,
        ]
      : []),
    // It would put its own idea of a machine-id in place of the one that etc/memhp/customize left.
    '--skip=cleanup/reproducible',
    ...hooks.map((hook) => `--${variant === 'extract' ? 'extract' : 'customize'}-hook=${hook}`),
    source.suite,
    target,
    ...(mirror === undefined ? [] : [mirror]),
  ];
  try {
    const [command = '', ...rest] = [...(await ownMounts()), 'mmdebstrap', ...args];
    await runTool(command, rest, {env: {TMPDIR: await scratch(dir), ...env}, signal, name: 'mmdebstrap'});
    await removeScratch(dir);
  } catch (error) {
    if (signal?.aborted || !(error instanceof Broken)) throw error;
    const hint = mirror === undefined ? 'no mirror was named, so mmdebstrap took its default' : `mirror: ${mirror}`;
    throw new Broken(`${guest}: can't install ${source.suite} (${hint}): ${messageOf(error)}`, {cause: error});
  }
}

/**
 * As root mmdebstrap mounts /proc, /sys and /dev of the new system where the host sees them, and a kill leaves them. In
 * a mount namespace they end with it. A container that may not have one may not mount either, and mmdebstrap copes.
 */
async function ownMounts(): Promise<string[]> {
  const prefix = ['unshare', '--mount', '--propagation', 'private', '--'];
  if (!isRoot) return []; // mode unshare has its own
  return await runTool(prefix[0] ?? '', [...prefix.slice(1), 'true']).then(
    () => prefix,
    () => [],
  );
}

/**
 * Where mmdebstrap may leave files when it is killed. In mode unshare it works under other ids, which can't enter a
 * home directory, so that is a directory of /tmp; its name is kept where the next build looks for leftovers.
 */
async function scratch(dir: string): Promise<string> {
  if (isRoot) return dir;
  const path = await mkdtemp(join(tmpdir(), 'memhp-build-'));
  await writeFile(join(dir, SCRATCH), path);
  await chmod(path, 0o1777);
  return path;
}
