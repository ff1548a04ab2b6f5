import {gunzipSync} from 'node:zlib';
import {messageOf} from '../../../util/errors.ts';
import type {Policy} from '../../guest.ts';
import {linesOf} from '../conf-dirs.ts';
import type {Place} from '../place.ts';
import type {Tree} from '../tree/tree.ts';
import {MiB} from '../../../util/size.ts';

/** More of a configuration than any kernel has. */
const LARGEST = 4 * MiB;

/** A kernel's configuration: its options that are set, each with the line that sets it. */
export interface Config {
  readonly path: string;
  readonly options: ReadonlyMap<string, {readonly value: string; readonly line: number}>;
  /** The lines that say of an option that it is not set. */
  readonly unset: ReadonlyMap<string, number>;
}

/**
 * Where the configuration of a kernel is kept, by distribution: /boot (most), the modules' directory (Fedora), the
 * headers.
 */
const placesOf = (release: string): readonly string[] => [
  `boot/config-${release}`,
  `usr/lib/modules/${release}/config`,
  `lib/modules/${release}/config`,
  `usr/lib/ostree-boot/config-${release}`,
  `usr/lib/modules/${release}/build/.config`,
  `lib/modules/${release}/build/.config`,
  `usr/src/linux-headers-${release}/.config`,
];

/** The configuration of a kernel of the root; of a running system also what its kernel says of itself. */
export function readConfig(tree: Tree, release: string, running: boolean): Config | undefined {
  for (const path of placesOf(release)) {
    const text = tree.text(path);
    if (text !== undefined) return parseConfig(path, text);
  }
  return running ? ownConfig(tree) : undefined;
}

function ownConfig(tree: Tree): Config | undefined {
  const path = 'proc/config.gz';
  const found = tree.file(path);
  if (found?.kind !== 'file') return undefined;
  try {
    return parseConfig(path, gunzipSync(found.bytes, {maxOutputLength: LARGEST}).toString());
  } catch (error) {
    throw new Error(`/${path}: ${messageOf(error)}`, {cause: error});
  }
}

export function parseConfig(path: string, text: string): Config {
  const options = new Map<string, {value: string; line: number}>();
  const unset = new Map<string, number>();
  for (const {line, text: one} of linesOf(text)) {
    const no = /^# CONFIG_(\w+) is not set$/.exec(one)?.[1];
    if (no !== undefined) unset.set(no, line);
    const [, name, value] = /^CONFIG_(\w+)=(.*)$/.exec(one) ?? [];
    if (name !== undefined && value !== undefined)
      options.set(name, {value: value.replace(/^"(.*)"$/, '$1').replaceAll(/\\(.)/g, '$1'), line});
  }
  return {path, options, unset};
}

const NAMES: Readonly<Record<string, Policy>> = {
  OFFLINE: 'offline',
  ONLINE_AUTO: 'online',
  ONLINE_KERNEL: 'online_kernel',
  ONLINE_MOVABLE: 'online_movable',
};

/** The policy that a kernel was built with, and the option that says so. `place`: of the option, where it is set. */
export interface Built {
  readonly policy: Policy;
  readonly option: string;
  readonly place: Place;
}

/**
 * MEMORY_HOTPLUG_DEFAULT_ONLINE became the choice MHP_DEFAULT_ONLINE_TYPE in 6.14, and in stable branches later
 * (6.12.110). A configuration that still has the old name is of a kernel that still has it.
 */
export function builtPolicy({path, options, unset}: Config): Built {
  for (const [type, policy] of Object.entries(NAMES)) {
    const option = options.get(`MHP_DEFAULT_ONLINE_TYPE_${type}`);
    if (option?.value === 'y')
      return {policy, option: `CONFIG_MHP_DEFAULT_ONLINE_TYPE_${type}`, place: {path, line: option.line}};
  }
  const old = options.get('MEMORY_HOTPLUG_DEFAULT_ONLINE');
  if (old?.value === 'y')
    return {policy: 'online', option: 'CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE', place: {path, line: old.line}};
  const line = unset.get('MEMORY_HOTPLUG_DEFAULT_ONLINE') ?? options.get('MEMORY_HOTPLUG')?.line ?? 1;
  return {policy: 'offline', option: 'CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE', place: {path, line}};
}

/** The architecture that a kernel was built for, by systemd's name. */
export function archOf({options}: Config): string | undefined {
  const set = (name: string): boolean => options.get(name)?.value === 'y';
  if (set('X86_64')) return 'x86-64';
  if (set('ARM64')) return 'arm64';
  if (set('S390')) return 's390x';
  if (set('PPC64')) return set('CPU_LITTLE_ENDIAN') ? 'ppc64-le' : 'ppc64';
  if (set('RISCV')) return 'riscv64';
  return set('LOONGARCH') ? 'loongarch64' : set('X86_32') ? 'x86' : set('ARM') ? 'arm' : undefined;
}
