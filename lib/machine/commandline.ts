import {fixedParameters, type Image} from '../image/image.ts';
import {sandboxArgs} from '../vmm/qemu/confinement.ts';
import {consoleArgs, portArgs, serialPortArgs} from '../vmm/qemu/channels.ts';
import {UsageError} from '../util/errors.ts';
import {compareReleases} from '../util/releases.ts';
import type {MachineProfile} from './profile.ts';

export type Accel = 'kvm' | 'tcg';

/**
 * TCG does what `max` has byte by byte where a guest prefers it (erms: `rep movsb` for every page that is copied or
 * cleared), and walks one level more of page tables with la57. A guest that runs under TCG alone has no use for either.
 */
export function cpuModel({accel, qemu}: Pick<BootConfig, 'accel' | 'qemu'>): string {
  if (accel === 'kvm') return 'host';
  return withRightFlags('max,la57=off,erms=off', qemu);
}

/**
 * A CPU model for TCG without what its flags are wrong for: cmpxchg16b of QEMU before 8.0, which panics a guest now and
 * then (docs/findings/wrong-flags.md).
 */
export const withRightFlags = (model: string, qemu: string): string =>
  compareReleases(qemu, '8.0') < 0 ? `${model},cx16=off` : model;

/** Everything that is chosen before boot: a boot config on an accelerator. */
export interface BootConfig {
  readonly image: Image;
  readonly profile: MachineProfile;
  readonly accel: Accel;
  /** Version of QEMU. */
  readonly qemu: string;
  /** Kernel parameters beyond the image's own. */
  readonly append: string;
}

/** A backend of the RAM that is there at boot; its file makes cloning possible. */
export const ramBackends = (profile: MachineProfile): {id: string; size: number}[] => [
  ...bootBackends(profile),
  ...profile.coldplug.map(({id, size}) => ({id: `mem-${id}`, size})),
];

/** The parameters that QEMU gives the kernel; none where it comes from the disk. UsageError where some were to be added to that. */
export function kernelCommandLine({image, append}: BootConfig): string {
  const fixed = fixedParameters(image);
  if (fixed !== undefined && append !== '') throw new UsageError(`can't boot with "${append}": ${fixed}`);
  // panic=-1 with -no-reboot: a panic ends QEMU at once instead of hanging until a deadline.
  return image.boot.how === 'direct'
    ? [image.boot.append, 'console=ttyS0 panic=-1', append].filter(Boolean).join(' ')
    : '';
}

/** The kernel, where QEMU and not the firmware starts it. */
const kernelArgs = (config: BootConfig): string[] => {
  const {boot} = config.image;
  const append = kernelCommandLine(config);
  return boot.how === 'direct' ? ['-kernel', boot.kernel, '-initrd', boot.initrd, '-append', append] : [];
};

const bootBackends = ({ram, nodes}: MachineProfile): {id: string; size: number}[] =>
  nodes.length === 0
    ? [{id: 'ram', size: ram}]
    : nodes.map((size, node) => ({id: `ram${node}`, size})).filter(({size}) => size > 0);

/** `-machine`, and the NUMA nodes: boot RAM belongs to the machine, or to its nodes. */
const machineType = (profile: MachineProfile): string[] =>
  profile.nodes.length === 0
    ? ['-machine', `${profile.type},memory-backend=ram`]
    : [
        '-machine',
        profile.type,
        ...profile.nodes.flatMap((size, node) => [
          '-numa',
          `node,nodeid=${node}${size > 0 ? `,memdev=ram${node}` : ''}${node === 0 ? `,cpus=0-${profile.cpus - 1}` : ''}`,
        ]),
      ];

/** How many CPUs there are, and can be. One that is plugged has a socket of its own, as hardware would have it. */
const cpuCount = ({cpus, sockets}: MachineProfile): string =>
  sockets === undefined ? String(cpus) : `${cpus},maxcpus=${sockets},sockets=${sockets},cores=1,threads=1`;

/** What a backend of boot RAM has at its end where the host is not to reserve it. */
const reservation = ({reserve}: MachineProfile): string => (reserve === false ? ',reserve=off' : '');

interface Files {
  /** Directory of the RAM files, one a backend. */
  readonly ramDir: string;
  /** share=on writes them (template), share=off copies on write (clone). */
  readonly share: boolean;
  readonly disk?: {readonly path: string; readonly snapshot: boolean};
  readonly ssh?: {readonly forward: boolean};
  readonly keys?: {readonly authorizedKey: string; readonly hostKey: string};
}

/**
 * What is there at boot beside DIMMs. A virtio-mem device's memory needs no file, because nothing of it is plugged in a
 * template. Its unplugged memory may be read, as guests before Linux 5.16 want it (unplugged-inaccessible=off).
 */
const virtioArgs = ({virtioMem, balloon, ports = 0}: MachineProfile): string[] => [
  ...(virtioMem
    ? [
        '-object',
        `memory-backend-ram,id=mem-${virtioMem.id},size=${virtioMem.max}`,
        '-device',
        `virtio-mem-pci,id=${virtioMem.id},memdev=mem-${virtioMem.id},block-size=${virtioMem.block},requested-size=0,unplugged-inaccessible=off`,
      ]
    : []),
  ...(balloon === true ? ['-device', 'virtio-balloon-pci,id=balloon,deflate-on-oom=on'] : []),
  ...Array.from({length: ports}, (_, i) => [
    '-device',
    `pcie-root-port,id=port${i},chassis=${i + 1},slot=${i + 1}`,
  ]).flat(),
];

/** The same machine for a person's terminal: RAM without files, console and monitor on stdio, the disk left unchanged. */
export function pasteArgs(config: BootConfig): string[] {
  const {image, profile, accel} = config;
  return [
    ...sandboxArgs,
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-no-reboot',
    '-accel',
    accel === 'tcg' ? 'tcg,thread=single' : 'kvm',
    '-cpu',
    cpuModel(config),
    '-smp',
    cpuCount(profile),
    '-m',
    `size=${profile.ram}B,slots=${profile.slots},maxmem=${profile.maxmem}B`,
    ...bootBackends(profile).flatMap(({id, size}) => [
      '-object',
      `memory-backend-ram,id=${id},size=${size}${reservation(profile)}`,
    ]),
    ...machineType(profile),
    ...profile.coldplug.flatMap(({id, size}) => [
      '-object',
      `memory-backend-ram,id=mem-${id},size=${size}`,
      '-device',
      `pc-dimm,id=${id},memdev=mem-${id}`,
    ]),
    ...virtioArgs(profile),
    ...kernelArgs(config),
    ...(image.disk ? diskArgs({path: image.disk, snapshot: true}) : []),
    ...(image.login.how === 'ssh' ? networkArgs(false) : []),
    '-serial',
    'mon:stdio',
  ];
}

/** The machine's part of QEMU's command line: the same for a template and its clones, device for device. */
export function machineArgs(config: BootConfig, files: Files): string[] {
  const {image, profile, accel} = config;
  // A balloon punches holes into the file behind the RAM, even of a private mapping: with one, RAM is part of the device state.
  const memory = (id: string, size: number): string =>
    profile.balloon === true || profile.ramInState === true
      ? `memory-backend-ram,id=${id},size=${size}`
      : `memory-backend-file,id=${id},size=${size},mem-path=${escapeValue(`${files.ramDir}/${id}`)},share=${files.share ? 'on' : 'off'}${reservation(profile)}`;
  return [
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-no-reboot',
    // One thread: multi-threaded TCG of QEMU 7.2 sometimes panics new kernels at boot (text patching).
    '-accel',
    accel === 'tcg' ? 'tcg,thread=single' : 'kvm',
    '-cpu',
    cpuModel(config),
    '-smp',
    cpuCount(profile),
    '-m',
    `size=${profile.ram}B,slots=${profile.slots},maxmem=${profile.maxmem}B`,
    ...ramBackends(profile).flatMap(({id, size}) => ['-object', memory(id, size)]),
    ...machineType(profile),
    ...profile.coldplug.flatMap(({id}) => ['-device', `pc-dimm,id=${id},memdev=mem-${id}`]),
    ...virtioArgs(profile),
    ...kernelArgs(config),
    ...(files.disk ? diskArgs(files.disk) : []),
    ...(image.login.how === 'ssh' ? networkArgs(files.ssh?.forward ?? false) : []),
    ...(files.keys ? keyArgs(files.keys) : []),
    ...consoleArgs(),
    ...portArgs(),
    ...(image.login.how === 'init' ? serialPortArgs() : []),
  ];
}

const diskArgs = (disk: {path: string; snapshot: boolean}): string[] => [
  // snapshot=on: QEMU's own overlay in an unlinked temporary file, so nothing stays behind.
  '-drive',
  `file=${escapeValue(disk.path)},if=none,id=disk,format=qcow2,snapshot=${disk.snapshot ? 'on' : 'off'}`,
  '-device',
  'virtio-blk-pci,drive=disk',
];

const networkArgs = (forward: boolean): string[] => [
  '-netdev',
  `user,id=net,restrict=on${forward ? ',hostfwd=tcp:127.0.0.1:0-:22' : ''}`,
  // A clone has moved on no network: QEMU is not to ask it for announcements. One of some thousand clones panicked in them (ndisc_send_na, TCG).
  '-device',
  'virtio-net-pci,netdev=net,romfile=,guest_announce=off',
];

const keyArgs = (keys: {authorizedKey: string; hostKey: string}): string[] => [
  '-fw_cfg',
  `name=opt/memhp/authorized_key,file=${escapeValue(keys.authorizedKey)}`,
  '-fw_cfg',
  `name=opt/memhp/host_key,file=${escapeValue(keys.hostKey)}`,
];

/** In a QEMU option a comma in a value is written twice. */
export const escapeValue = (value: string): string => value.replaceAll(',', ',,');
