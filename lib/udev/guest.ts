import {UsageError} from '../util/errors.ts';
import {unknown} from './follow/unknown.ts';

/** /sys/devices/system/memory/auto_online_blocks: what the kernel does with a new block by itself. */
export const policies = ['offline', 'online', 'online_kernel', 'online_movable'] as const;
export type Policy = (typeof policies)[number];

/** What decides what rules do to a memory block of a guest. */
export interface Guest {
  /** As `systemd-detect-virt` says: kvm, qemu, vmware, microsoft, xen, none, … */
  readonly virt: string;
  /** As CONST{arch} says: x86-64, arm64, ppc64-le, s390x, … */
  readonly arch: string;
  readonly policy: Policy;
  /** The number in `udevadm --version`; absent: a new one. */
  readonly systemd?: number | undefined;
  /** `uname -r`; absent: a new one. */
  readonly kernel?: string | undefined;
  /** What /sys/class/dmi/id says; absent: what is usual for `virt`. */
  readonly dmi?: Readonly<Record<string, string>> | undefined;
}

/** What systemd-detect-virt and CONST{virt} may say of a machine (no containers: they have no udevd of their own). */
export const virts = [
  'none',
  'kvm',
  'amazon',
  'qemu',
  'bochs',
  'xen',
  'uml',
  'vmware',
  'oracle',
  'microsoft',
  'zvm',
  'parallels',
  'bhyve',
  'qnx',
  'acrn',
  'powervm',
  'apple',
  'sre',
  'google',
  'vm-other',
] as const;

/** CONST{arch} by what `uname -m` says. */
const MACHINES: Readonly<Record<string, string>> = {
  x86_64: 'x86-64',
  i686: 'x86',
  aarch64: 'arm64',
  armv7l: 'arm',
  ppc64le: 'ppc64-le',
  ppc64: 'ppc64',
  s390x: 's390x',
  s390: 's390',
  riscv64: 'riscv64',
  loongarch64: 'loongarch64',
  ia64: 'ia64',
};

export const arches: readonly string[] = Object.values(MACHINES);

/** `uname -m` of an architecture. */
export const machineOf = (arch: string): string =>
  Object.keys(MACHINES).find((machine) => MACHINES[machine] === arch) ?? arch;

/** An architecture by systemd's name, the kernel's or Debian's. */
export function archNamed(name: string): string {
  const debian: Readonly<Record<string, string>> = {amd64: 'x86-64', i386: 'x86', ppc64el: 'ppc64-le', armhf: 'arm'};
  const arch = arches.includes(name) ? name : (MACHINES[name] ?? debian[name]);
  if (arch === undefined) throw new UsageError(`unknown architecture "${name}"; known: ${arches.join(', ')}`);
  return arch;
}

/** The guests that are looked at where none is named: those for which distributions' rules make a difference. */
export const usualGuests: readonly Omit<Guest, 'policy'>[] = [
  {virt: 'kvm', arch: 'x86-64'},
  {virt: 'qemu', arch: 'x86-64'},
  {virt: 'none', arch: 'x86-64'},
  {virt: 'microsoft', arch: 'x86-64'},
  {virt: 'vmware', arch: 'x86-64'},
  {virt: 'xen', arch: 'x86-64'},
  {virt: 'kvm', arch: 'arm64'},
  {virt: 'none', arch: 'arm64'},
  {virt: 'kvm', arch: 'ppc64-le'},
  {virt: 'powervm', arch: 'ppc64-le'},
  {virt: 'kvm', arch: 's390x'},
  {virt: 'zvm', arch: 's390x'},
  {virt: 'none', arch: 's390x'},
];

/** A guest in a few words. */
export const guestName = ({virt, arch}: Omit<Guest, 'policy'>): string =>
  `${virt === 'none' ? 'bare metal' : virt} ${arch}`;

/** Several guests in a few words. */
export function guestNames(guests: readonly Omit<Guest, 'policy'>[]): string {
  const names = [...new Set(guests.map(guestName))];
  return names.length === usualGuests.length ? 'all guests' : names.join(', ');
}

/** Vendors in DMI that belong to one hypervisor alone. What KVM guests say is the host's choice, but none of these. */
const VENDORS: Readonly<Record<string, readonly [vendor: string, product: string | undefined]>> = {
  microsoft: ['Microsoft Corporation', 'Virtual Machine'],
  xen: ['Xen', 'HVM domU'],
  vmware: ['VMware, Inc.', undefined],
  oracle: ['innotek GmbH', 'VirtualBox'],
};

/** A DMI attribute of a guest; absent where the guest has no DMI. */
export function dmiOf({virt, arch, dmi}: Guest, attr: string): string | undefined {
  if (dmi) return dmi[attr];
  if (arch === 's390x' || arch.startsWith('ppc64')) return undefined;
  if (attr !== 'sys_vendor' && attr !== 'product_name') return unknown(`[dmi/id]${attr}`);
  const own = VENDORS[virt]?.[attr === 'sys_vendor' ? 0 : 1];
  return own ?? unknown(`[dmi/id]${attr}`);
}

/** Whether a machine that is not one of that hypervisor's can say so of itself: it can't. */
export const isOthersDmi = (attr: string, value: string): boolean =>
  Object.values(VENDORS).some(([vendor, product]) => (attr === 'sys_vendor' ? vendor : product) === value);
