import type {AnyDeviceSpec} from '../vmm/qemu/devices/devices.ts';
import type {Board} from './board/board.ts';
import {formatSize, gib, mib, parseSize, type Bytes} from '../util/size.ts';
import {UsageError} from '../util/errors.ts';

/** The hardware a guest is booted on. */
export interface MachineProfile {
  readonly name: string;
  readonly title: string;
  /** Boot RAM, all nodes together. */
  readonly ram: Bytes;
  /**
   * Boot RAM of each NUMA node, which may be none; empty: one node has it all. The device memory region is on the last
   * node's side in the SRAT.
   */
  readonly nodes: readonly Bytes[];
  readonly slots: number;
  /** Upper limit of boot RAM and memory devices together. */
  readonly maxmem: Bytes;
  readonly cpus: number;
  /** Sockets for a CPU each, where some are empty at boot. */
  readonly sockets?: number;
  /** Boot RAM is not reserved on the host, which need not have as much: for RAM of which the guest uses little. */
  readonly reserve?: false;
  /** Boot RAM is in no file, but in the frozen state: for a balloon that is plugged later. Cloning takes longer. */
  readonly ramInState?: true;
  /**
   * Memory devices that are there at boot: DIMMs in slot order, virtio-mem that gives nothing yet, a balloon. With a
   * balloon cloning takes longer.
   */
  readonly devices: readonly AnyDeviceSpec[];
  /** PCI Express ports that devices can be plugged into: port0, port1… */
  readonly ports?: number;
}

const q35: MachineProfile = {
  name: 'q35',
  title: 'q35, 1 GiB of boot RAM, 8 empty slots, 9 GiB at most, one CPU',
  ram: gib(1),
  nodes: [],
  slots: 8,
  maxmem: gib(9),
  cpus: 1,
  devices: [],
};

/** Every machine profile, by name. The first is the default. */
export const profiles: readonly MachineProfile[] = [
  q35,
  {
    ...q35,
    name: 'q35-coldplug',
    title: 'q35 with two DIMMs (512 MiB and 128 MiB) on the command line and two empty slots',
    slots: 4,
    maxmem: gib(3),
    devices: [
      {kind: 'dimm', id: 'cold0', size: '512M'},
      {kind: 'dimm', id: 'cold1', size: '128M'},
    ],
  },
  {
    ...q35,
    name: 'q35-two-nodes',
    title: 'q35 with two NUMA nodes of 512 MiB each, 8 empty slots',
    nodes: [mib(512), mib(512)],
  },
  {
    ...q35,
    name: 'q35-empty-node',
    title: 'q35 with two NUMA nodes, of which the second has neither memory nor a CPU at boot',
    nodes: [gib(1), mib(0)],
  },
  {
    ...q35,
    name: 'q35-split-block',
    title: 'q35 with two NUMA nodes, 576 MiB and 448 MiB, that meet in the middle of a memory block',
    nodes: [mib(576), mib(448)],
  },
  {
    ...q35,
    name: 'q35-ragged',
    title: 'q35 with 1000 MiB of boot RAM, which end in the middle of a memory block',
    ram: mib(1000),
  },
  {...q35, name: 'q35-many-slots', title: 'q35 with 64 empty slots', slots: 64},
  {
    ...q35,
    name: 'q35-virtio',
    title:
      'q35 with a virtio-mem device of up to 2 GiB that is empty at boot, a virtio-balloon and an empty PCI ' +
      'Express port',
    devices: [
      {kind: 'virtio-mem', id: 'vm0', max: gib(2), block: mib(2)},
      {kind: 'balloon', id: 'balloon'},
    ],
    ports: 1,
  },
  {
    ...q35,
    name: 'q35-small',
    title: 'q35 with 512 MiB of boot RAM and room for 64 GiB of DIMMs',
    ram: mib(512),
    maxmem: gib(65),
  },
  {
    ...q35,
    name: 'q35-wide',
    title: 'q35 with 1 GiB of boot RAM, room for 320 GiB of DIMMs, and an empty socket for a second CPU',
    maxmem: gib(321),
    sockets: 2,
  },
  {
    ...q35,
    name: 'q35-512m',
    title:
      'q35 with 512 MiB of boot RAM, a DIMM of 256 MiB on the command line, 960 GiB at most, two empty PCI ' +
      'Express ports',
    ram: mib(512),
    // 1 TiB would need more than the 40 bits of physical address that QEMU's emulated CPU has.
    maxmem: gib(960),
    devices: [{kind: 'dimm', id: 'cold0', size: '256M'}],
    ports: 2,
  },
  {
    ...q35,
    name: 'q35-768m',
    title:
      'q35 with 768 MiB of boot RAM, a DIMM of 256 MiB on the command line, 256 GiB at most, two empty PCI ' +
      'Express ports',
    ram: mib(768),
    maxmem: gib(256),
    devices: [{kind: 'dimm', id: 'cold0', size: '256M'}],
    ports: 2,
    ramInState: true,
  },
  {
    ...q35,
    name: 'q35-large-blocks',
    title: 'q35 with 62 GiB of boot RAM that end at 64 GiB, so that memory blocks can be of 2 GiB',
    ram: gib(62),
    maxmem: gib(78),
    reserve: false,
  },
  {...q35, name: 'q35-two-cpus', title: 'q35 with two CPUs', cpus: 2},
  {...q35, name: 'q35-four-cpus', title: 'q35 with four CPUs', cpus: 4},
];

/** Why a board can't have a profile's RAM, slots, DIMMs or nodes; undefined where it can. Devices: absentOf(). */
export function cannotBeMade(
  {ram, nodes, cpus, slots, devices}: Pick<MachineProfile, 'ram' | 'nodes' | 'cpus' | 'slots' | 'devices'>,
  board: Pick<Board, 'ramUnit' | 'maxSlots' | 'nodes'>,
): string | undefined {
  const {ramUnit, maxSlots} = board;
  const dimms = devices.flatMap((one) => (one.kind === 'dimm' ? parseSize(one.size) : []));
  if (ramUnit !== undefined && [ram, ...nodes, ...dimms].some((size) => size % ramUnit !== 0))
    return `its RAM and DIMMs come in units of ${formatSize(ramUnit)}`;
  if (maxSlots !== undefined && slots > maxSlots) return `it has ${maxSlots} slots at most`;
  return nodes.length > 0 ? board.nodes?.(cpus) : undefined;
}

/** The name of a profile on a board: its own where that is what its name begins with, `virt-two-nodes` on arm64. */
export const nameOn = ({name}: Pick<MachineProfile, 'name'>, {machine}: Pick<Board, 'machine'>): string =>
  name.replace(/^q35(?=-|$)/, machine.replace(/,.*$/, ''));

export function profileByName(name: string): MachineProfile {
  const profile = profiles.find((one) => one.name === name);
  if (!profile)
    throw new UsageError(`no machine profile "${name}"; there are: ${profiles.map((one) => one.name).join(', ')}`);
  return profile;
}

/**
 * What of a profile goes into a template's key. Fields and their order are those of the first templates: a cache
 * outlasts a change of what profiles look like here, and what is undefined is left out of it.
 */
export function keyOf(profile: MachineProfile, {machine}: Pick<Board, 'machine'>): object {
  const {name, title, ram, nodes, slots, maxmem, cpus, devices, ports, ...rest} = profile;
  const virtioMem = devices.find((one) => one.kind === 'virtio-mem');
  return {
    ...{name, title, type: machine, ram, nodes, slots, maxmem, cpus},
    coldplug: devices.flatMap((one) => (one.kind === 'dimm' ? {id: one.id, size: parseSize(one.size)} : [])),
    virtioMem: virtioMem && {id: virtioMem.id, max: virtioMem.max, block: virtioMem.block},
    balloon: devices.some(({kind}) => kind === 'balloon') || undefined,
    ports,
    ...rest,
    devices: devices.every((one) => isPlain(one)) ? undefined : devices,
  };
}

/** Do the fields of the first templates say all of it? */
const isPlain = (device: AnyDeviceSpec): boolean =>
  PLAIN.some((fields) => Object.keys(device).sort().join() === fields) &&
  (device.kind !== 'balloon' || device.id === 'balloon');
const PLAIN = ['id,kind,size', 'block,id,kind,max', 'id,kind'];
