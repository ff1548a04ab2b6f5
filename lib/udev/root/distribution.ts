import {MiB} from '../../util/size.ts';
import {linesOf} from './conf-dirs.ts';
import {joined} from './tree/nodes.ts';
import type {Tree} from './tree/tree.ts';

/** What a root is a root of. */
export interface Distribution {
  /** As os-release says: debian, rhel, … Empty where it says nothing. */
  readonly id: string;
  readonly like: readonly string[];
  /** For people. */
  readonly name: string;
  /** The number in `udevadm --version`: 252. */
  readonly systemd: number | undefined;
}

export function distributionOf(tree: Tree): Distribution {
  const values = new Map<string, string>();
  for (const {text} of linesOf(tree.text('etc/os-release') ?? tree.text('usr/lib/os-release') ?? '')) {
    const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(text) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, value.trim().replace(/^(["'])(.*)\1$/, '$2'));
  }
  const id = values.get('ID') ?? '';
  const like = (values.get('ID_LIKE') ?? '').split(/\s+/).filter((one) => one !== '');
  return {id, like, name: values.get('PRETTY_NAME') ?? values.get('NAME') ?? id, systemd: systemdOf(tree)};
}

/** Rebuilds of RHEL call themselves like it. */
export const isRhel = ({id, like}: Distribution): boolean =>
  id !== 'fedora' && [id, ...like].some((one) => one === 'rhel' || one === 'centos');

/**
 * systemd's programs share a library that has the version in its name: libsystemd-shared-252.so,
 * libsystemd-shared-257.9-1~deb13u1.so.
 */
function systemdOf(tree: Tree): number | undefined {
  const libs = ['usr/lib', 'usr/lib64', 'lib', 'lib64'];
  const dirs = libs.flatMap((lib) => [
    joined(lib, 'systemd'),
    ...tree
      .names(lib)
      .filter((name) => name.includes('-linux-'))
      .map((name) => joined(joined(lib, name), 'systemd')),
  ]);
  for (const dir of dirs) {
    for (const name of tree.names(dir)) {
      const version = /^libsystemd-shared-v?(\d+)/.exec(name)?.[1];
      if (version !== undefined) return Number(version);
    }
  }
  return undefined;
}

/** e_machine of an ELF file. */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'x86',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x86-64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loongarch64',
};
const PROGRAMS = [
  'usr/lib/systemd/systemd',
  'lib/systemd/systemd',
  'usr/bin/sh',
  'bin/sh',
  'bin/busybox',
  'usr/sbin/init',
  'sbin/init',
];
/** No program of a distribution is larger. */
const LARGEST = 64 * MiB;

/** The architecture of the programs of a root, by systemd's name. */
export function archOfPrograms(tree: Tree): string | undefined {
  for (const path of PROGRAMS) {
    const found = tree.file(path, LARGEST);
    if (found?.kind !== 'file' || found.bytes.length < 20) continue;
    const header = Buffer.from(found.bytes.subarray(0, 20));
    if (header.toString('latin1', 0, 4) !== '\u007FELF') continue;
    const little = header[5] === 1;
    const machine = little ? header.readUInt16LE(18) : header.readUInt16BE(18);
    const arch = MACHINES[machine];
    return arch === 'ppc64' && little ? 'ppc64-le' : arch;
  }
  return undefined;
}
