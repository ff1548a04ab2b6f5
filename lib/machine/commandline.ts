import {fixedParameters, keysBehindInitrd, type Image} from '../image/image.ts';
import {atBootOf} from '../vmm/qemu/devices/devices.ts';
import {sandboxArgs} from '../vmm/qemu/confinement.ts';
import {consoleArgs, portArgs, serialPortArgs} from '../vmm/qemu/channels.ts';
import {UsageError} from '../util/errors.ts';
import type {Accel, Board} from './board/board.ts';
import {boardOf, boards} from './board/boards.ts';
import type {MachineProfile} from './profile.ts';
import {RDINIT} from './udevd-alone/udevd-alone.ts';

/** Everything that is chosen before boot: a boot config on an accelerator. */
export interface BootConfig {
  readonly image: Image;
  readonly profile: MachineProfile;
  readonly accel: Accel;
  /** Version of QEMU. */
  readonly qemu: string;
  /** Root of what was fetched with QEMU; absent: the host's. */
  readonly qemuRoot?: string | undefined;
  /** Kernel parameters beyond the image's own. */
  readonly append: string;
  /** Does udevd alone come up, without the distribution's services? It takes a fraction of the time. */
  readonly udevdAlone?: boolean | undefined;
}

/** A backend of the RAM that is there at boot; its file makes cloning possible. */
export const ramBackends = (profile: MachineProfile, board: Board): {id: string; size: number}[] => [
  ...bootBackends(profile),
  ...atBootOf(profile.devices, board).ram,
];

/**
 * The parameters that QEMU gives the kernel; none where it comes from the disk. UsageError where some were to be added
 * to that.
 */
export function kernelCommandLine({image, append, udevdAlone = false}: BootConfig, among = boards): string {
  const fixed = fixedParameters(image);
  if (fixed !== undefined && append !== '') throw new UsageError(`can't boot with "${append}": ${fixed}`);
  // panic=-1 with -no-reboot: a panic ends QEMU at once instead of hanging until a deadline.
  return image.boot.how === 'direct'
    ? [
        image.boot.append,
        `console=${boardOf(image.arch, among).console} panic=-1`,
        ...(udevdAlone ? [RDINIT] : []),
        append,
      ]
        .filter(Boolean)
        .join(' ')
    : '';
}

/** The kernel, where QEMU and not the firmware starts it. */
const kernelArgs = (config: BootConfig, among: typeof boards, initrd?: string): string[] => {
  const {boot} = config.image;
  const append = kernelCommandLine(config, among);
  return boot.how === 'direct' ? ['-kernel', boot.kernel, '-initrd', initrd ?? boot.initrd, '-append', append] : [];
};

const bootBackends = ({ram, nodes}: MachineProfile): {id: string; size: number}[] =>
  nodes.length === 0
    ? [{id: 'ram', size: ram}]
    : nodes.map((size, node) => ({id: `ram${node}`, size})).filter(({size}) => size > 0);

/** `-machine`, and the NUMA nodes: boot RAM belongs to the machine, or to its nodes. */
const machineType = ({machine}: Board, profile: MachineProfile): string[] =>
  profile.nodes.length === 0
    ? ['-machine', `${machine},memory-backend=ram`]
    : [
        '-machine',
        machine,
        ...profile.nodes.flatMap((size, node) => [
          '-numa',
          `node,nodeid=${node}${size > 0 ? `,memdev=ram${node}` : ''}${node === 0 ? `,cpus=0-${profile.cpus - 1}` : ''}`,
        ]),
      ];

/** How many CPUs there are, and can be. One that is plugged has a socket of its own, as hardware would have it. */
const cpuCount = ({cpus, sockets}: MachineProfile): string =>
  sockets === undefined ? String(cpus) : `${cpus},maxcpus=${sockets},sockets=${sockets},cores=1,threads=1`;

/**
 * Accelerator, CPUs and firmware. One thread: multi-threaded TCG of QEMU 7.2 sometimes panics new kernels at boot (text
 * patching).
 */
const processor = (board: Board, {profile, accel, qemu, qemuRoot}: BootConfig): string[] => [
  '-accel',
  accel === 'tcg' ? 'tcg,thread=single' : 'kvm',
  '-cpu',
  board.cpu(accel, qemu),
  '-smp',
  cpuCount(profile),
  ...board.firmware(qemuRoot),
];

/**
 * A reset ends QEMU. A watchdog does nothing: the guest's kernel pings it, but one that boots after a crash is too slow for
 * it under TCG (q35's resets the machine by default since QEMU 8.0).
 */
const ENDS = ['-no-reboot', '-action', 'watchdog=none'];

/** What a backend of boot RAM has at its end where the host is not to reserve it. */
const reservation = ({reserve}: MachineProfile): string => (reserve === false ? ',reserve=off' : '');

interface Files {
  /** Directory of the RAM files, one a backend. */
  readonly ramDir: string;
  /** share=on writes them (template), share=off copies on write (clone). */
  readonly share: boolean;
  readonly disk?: {readonly path: string; readonly snapshot: boolean};
  readonly ssh?: {readonly forward: boolean};
  /** Keys for the guest: offered by fw_cfg, where it doesn't find them behind its initrd. */
  readonly keys?: {readonly authorizedKey: string; readonly hostKey: string};
  /** An initrd in place of the image's. */
  readonly initrd?: string;
}

/** Memory devices that are there at boot, and ports for others. */
const deviceArgs = (board: Board, {devices, ports = 0}: MachineProfile): string[] => [
  ...atBootOf(devices, board).args,
  ...(board.ports?.(Array.from({length: ports}, (_, i) => `port${i}`)) ?? []),
];

/**
 * The same machine for a person's terminal: RAM without files, console and monitor on stdio, the disk left unchanged,
 * the distribution up as a whole.
 */
export function pasteArgs(config: BootConfig, among = boards): string[] {
  const {image, profile} = config;
  const board = boardOf(image.arch, among);
  return [
    ...sandboxArgs,
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    ...ENDS,
    ...processor(board, config),
    '-m',
    `size=${profile.ram}B,slots=${profile.slots},maxmem=${profile.maxmem}B`,
    ...ramBackends(profile, board).flatMap(({id, size}) => [
      '-object',
      `memory-backend-ram,id=${id},size=${size}${reservation(profile)}`,
    ]),
    ...machineType(board, profile),
    ...deviceArgs(board, profile),
    ...kernelArgs({...config, udevdAlone: false}, among),
    ...(image.disk ? diskArgs(board, {path: image.disk, snapshot: true}) : []),
    ...(image.login.how === 'ssh' ? networkArgs(board, false) : []),
    '-serial',
    'mon:stdio',
  ];
}

/** The machine's part of QEMU's command line: the same for a template and its clones, device for device. */
export function machineArgs(config: BootConfig, files: Files, among = boards): string[] {
  const {image, profile} = config;
  const board = boardOf(image.arch, among);
  const devices = atBootOf(profile.devices, board);
  const memory = (id: string, size: number): string =>
    devices.ramInState || profile.ramInState === true
      ? `memory-backend-ram,id=${id},size=${size}`
      : `memory-backend-file,id=${id},size=${size},mem-path=${escapeValue(`${files.ramDir}/${id}`)},share=${files.share ? 'on' : 'off'}${reservation(profile)}`;
  return [
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    ...ENDS,
    ...processor(board, config),
    '-m',
    `size=${profile.ram}B,slots=${profile.slots},maxmem=${profile.maxmem}B`,
    ...ramBackends(profile, board).flatMap(({id, size}) => ['-object', memory(id, size)]),
    ...machineType(board, profile),
    ...deviceArgs(board, profile),
    ...kernelArgs(config, among, files.initrd),
    ...(files.disk ? diskArgs(board, files.disk) : []),
    ...(image.login.how === 'ssh' ? networkArgs(board, files.ssh?.forward ?? false) : []),
    ...(files.keys && !keysBehindInitrd(image) ? keyArgs(files.keys) : []),
    ...consoleArgs(),
    ...portArgs(board.virtio),
    ...(image.login.how === 'init' && board.serialShells ? serialPortArgs(board.serialShells) : []),
  ];
}

const diskArgs = ({virtio}: Board, disk: {path: string; snapshot: boolean}): string[] => [
  // snapshot=on: QEMU's own overlay in an unlinked temporary file, so nothing stays behind.
  '-drive',
  `file=${escapeValue(disk.path)},if=none,id=disk,format=qcow2,snapshot=${disk.snapshot ? 'on' : 'off'}`,
  '-device',
  `virtio-blk-${virtio},drive=disk`,
];

const networkArgs = ({virtio}: Board, forward: boolean): string[] => [
  '-netdev',
  `user,id=net,restrict=on${forward ? ',hostfwd=tcp:127.0.0.1:0-:22' : ''}`,
  // A clone has moved on no network: QEMU is not to ask it for announcements. One of some thousand clones panicked in
  // them (ndisc_send_na, TCG).
  '-device',
  `virtio-net-${virtio},netdev=net${virtio === 'pci' ? ',romfile=' : ''},guest_announce=off`,
];

const keyArgs = (keys: {authorizedKey: string; hostKey: string}): string[] => [
  '-fw_cfg',
  `name=opt/memhp/authorized_key,file=${escapeValue(keys.authorizedKey)}`,
  '-fw_cfg',
  `name=opt/memhp/host_key,file=${escapeValue(keys.hostKey)}`,
];

/** In a QEMU option a comma in a value is written twice. */
export const escapeValue = (value: string): string => value.replaceAll(',', ',,');
