import {isDeepStrictEqual} from 'node:util';
import {isMemory} from '../../guest/iomem.ts';
import type {Observation} from '../../guest/observation.ts';
import type {MemoryDevice} from '../../vmm/vmm.ts';
import {isPersistent, rangeOf} from '../expected/device-blocks.ts';
import type {Invariant} from './invariant.ts';
import {strangeListings} from '../verdict/listings.ts';
import {ofMemory} from '../verdict/unchanged.ts';
import {offeredZones} from '../expected/zones.ts';
import {expectedSpan, nodesOf, pagesOnline} from './spans.ts';

/** Fields of /proc/meminfo that no memory hotplug changes. */
const CONSTANT = ['Hugepagesize', 'VmallocTotal', 'CmaTotal', 'SwapTotal'];
const ZONES = ['DMA', 'DMA32', 'Normal', 'Movable', 'Device'];
/** Kernel zones, in which a node counts as one with normal memory. */
const NORMAL = ['DMA', 'DMA32', 'Normal'];

/** What must stay as it is while memory comes and goes, and what follows from the rest of the same observation. */
export const consistency: Readonly<Record<string, Invariant>> = {
  'a memory device stays what it was when it was plugged': ({
    listed = {listings: [], before: [], sizeWritten: true},
  }) => ({
    expected: [],
    actual: strangeListings(listed),
    because: 'every answer to query-memory-devices, against those at this observation and the one before',
  }),
  "QEMU's events tell of what has happened to the devices": ({
    first,
    now,
    events = [],
    others = new Set<string>(),
    devices = new Map<string, MemoryDevice>(),
    protocol,
  }) => ({
    expected: [],
    actual: protocol.strange({events, first, now, devices, others}),
    because: 'each plug is answered once by _OST; each ejection by refusal, or by progress, DEVICE_DELETED and success',
  }),
  'the block size and the constants of /proc/meminfo are as at first': ({first, now}) => ({
    expected: constants(first),
    actual: constants(now),
    because: `block_size_bytes, ${CONSTANT.join(', ')} at first`,
  }),
  'a block can be removed and names no device': ({now, hotremove, physDevice = () => 0}) => ({
    expected: now.blocks.map(
      ({id}) =>
        `memory${id} removable ` +
        (`${hotremove === undefined ? (now.blocks[0]?.removable ?? 'missing') : Number(hotremove)} ` +
          `phys_device ${physDevice(id * now.blockSize)}${hotremove === false ? '' : ' zones'}`),
    ),
    actual: now.blocks.map(
      ({id, removable, physDevice, validZones}) =>
        `memory${id} removable ${removable ?? 'missing'} phys_device ` +
        `${physDevice ?? 'missing'}${validZones.length > 0 ? ' zones' : ''}`,
    ),
    because:
      'valid_zones can be read and removable tells whether the kernel has CONFIG_MEMORY_HOTREMOVE (since ' +
      '5.8), and only s390 has a phys_device: drivers/base/memory.c',
  }),
  'the memory blocks are those that System RAM meets': ({now}) => ({
    expected: blocksMetBy(now),
    actual: now.blocks.map(({id}) => id),
    because: 'System RAM of /proc/iomem in blocks of block_size_bytes',
  }),
  'a block is in the state that was written to it': ({now, done}) => {
    const unknown = done?.unknown('states');
    const states = unknown === undefined ? (done?.states ?? new Map<number, string>()) : new Map<number, string>();
    const written = now.blocks.filter(({id}) => states.has(id));
    return {
      unknown,
      expected: written.map(({id}) => `memory${id} ${states.get(id) ?? ''}`),
      actual: written.map(({id, state}) => `memory${id} ${state}`),
      because: 'the last write to state or online since the observation before that the kernel accepted',
    };
  },
  '/proc/iomem is as at first outside of memory devices': ({first, now, devices}) => {
    const all = [...first.vmm.devices, ...now.vmm.devices, ...(devices?.values() ?? [])];
    return {
      expected: outside(first, all),
      actual: outside(now, all),
      because:
        'ranges that are inside of nothing, or of System RAM, without those of devices: hardware and boot memory stay',
    };
  },
  'System RAM is called what it is': ({now}) => ({
    expected: ram(now).map(
      (range) =>
        `${range.start.toString(16)} System ` +
        `RAM${isVirtioMem(range, now) ? ' (virtio_mem)' : isKmem(range, now) ? ' (kmem)' : ''}`,
    ),
    actual: ram(now).map(({start, name}) => `${start.toString(16)} ${name}`),
    because:
      'ranges of virtio-mem devices and of persistent memory are marked, so that kexec leaves them alone; ' +
      'no others are',
  }),
  'each node has its zones, in their order': ({now}) => ({
    expected: nodesOf(now).map(
      (node) => `node ${node} ${ZONES.filter((name) => now.zones.some((zone) => zone.name === name)).join(' ')}`,
    ),
    actual: nodesOf(now).map(
      (node) =>
        `node ${node} ${now.zones
          .filter((zone) => zone.node === node)
          .map(({name}) => name)
          .join(' ')}`,
    ),
    because: 'a kernel has the same zones on every node: enum zone_type in include/linux/mmzone.h',
  }),
  'the masks of nodes follow the zones': ({first, now}) => {
    if (Object.keys(first.nodeMasks).length === 0)
      return {expected: {}, actual: now.nodeMasks, because: 'a kernel without NUMA'};
    const having = (names: readonly string[]): string =>
      mask(
        nodesOf(now).filter((node) =>
          now.zones.some((zone) => zone.node === node && zone.present > 0 && names.includes(zone.name)),
        ),
      );
    return {
      expected: {
        possible: first.nodeMasks['possible'],
        online: mask(nodesOf(now)),
        has_memory: having(ZONES),
        has_normal_memory: having(NORMAL),
        totals: mask(nodesOf(now)),
      },
      actual: {...now.nodeMasks, totals: mask(Object.keys(now.nodeTotals).map(Number))},
      because:
        'the nodes of /proc/zoneinfo, and those of them that have present pages in any zone, or in one up ' +
        'to Normal; possible as at first',
    };
  },
  'a block of boot memory stays on its nodes': ({first, now, numa}) => {
    const plugged = new Set(now.vmm.devices.flatMap((device) => rangeOf(device, now.blockSize)));
    const boot = now.blocks.filter(({id}) => !plugged.has(id));
    const were = new Map(first.blocks.map(({id, nodes}) => [id, nodes]));
    return {
      expected: boot.map(({id}) => `memory${id} node${numa ? known(were.get(id) ?? [], now) : ''}`),
      actual: boot.map(({id, nodes}) => `memory${id} node${nodes.join(',')}`),
      because: 'the memoryN/nodeM links at first: at least one, of a node of /proc/zoneinfo',
    };
  },
  'auto_online_blocks changes only when it is written': ({now, before = now, done}) => {
    const unknown = done?.unknown('policy');
    return {
      unknown,
      expected: (done === undefined || unknown !== undefined ? now.policy : (done.policy ?? before.policy)) ?? null,
      actual: now.policy ?? null,
      because:
        'the last word that was written and accepted; or auto_online_blocks at the observation before, if none was',
    };
  },
  'the kernel fails to add only what QEMU has': ({now, devices, protocol}) => ({
    expected: [],
    actual: protocol
      .failedSlots(now.kernelLog)
      .filter((slot) => ![...now.vmm.devices, ...(devices?.values() ?? [])].some((device) => device.slot === slot)),
    because:
      'slots of "PNP0C80:NN: add_memory failed" in new kernel messages, of which QEMU lists no device and never has',
  }),
  'the zones have the pages of System RAM in online blocks': ({now}) => ({
    expected: pagesOnline(now),
    actual: now.zones.reduce((sum, {present}) => sum + present, 0),
    because: 'System RAM of /proc/iomem in whole pages, where the block is online, against present of all zones',
  }),
  'an offline block offers the zones that there are for it': ({now, before, done}) => {
    const unknown = done?.unknown('zone policy');
    const were =
      done?.zonePolicyWritten === false &&
      unknown === undefined &&
      before &&
      isDeepStrictEqual(decides(before), decides(now))
        ? before.blocks
        : [];
    const offline = now.blocks
      .filter(({state}) => state === 'offline')
      .map((block) => ({...block, was: were.find(({id}) => id === block.id)}));
    return {
      unknown: unknown && `${unknown} (so which zone comes first)`,
      expected: offline.map(
        ({id, was}) => `memory${id} ${(was?.validZones ?? [...offeredZones(now, id)].sort()).join(' ')}`,
      ),
      actual: offline.map(
        ({id, validZones, was}) => `memory${id} ${(was ? validZones : [...validZones].sort()).join(' ')}`,
      ),
      because:
        'its kernel zone and Movable; as before where nothing has changed that decides which comes first, ' +
        'else in any order, because the guest may have an online_policy of its own',
    };
  },
  'a zone spans its blocks and nothing else': ({first, now, before}) => {
    const spans = now.zones.map((zone) => ({zone, span: expectedSpan(zone, {first, now, before})}));
    return {
      expected: spans.map(
        ({zone, span}) =>
          `node ${zone.node} ${zone.name} ${span?.start ?? zone.startPfn}+${span?.pages ?? zone.spanned}`,
      ),
      actual: now.zones.map(({node, name, startPfn, spanned}) => `node ${node} ${name} ${startPfn}+${spanned}`),
      because:
        'start_pfn and spanned: none where the zone is empty; as before where it has the same blocks; else ' +
        'from its lowest to its highest',
    };
  },
};

/** What the order of an offline block's zones depends on, besides the parameters of memory_hotplug. */
const decides = ({zones, vmm, blocks}: Observation): unknown => [
  zones.map(({free: _free, managed: _managed, ...zone}) => zone),
  vmm.devices,
  blocks.map(({id, state}) => [id, state]),
];

const constants = ({blockSize, meminfo}: Observation): unknown => ({
  blockSize,
  ...Object.fromEntries(CONSTANT.map((field) => [field, meminfo[field] ?? null])),
});

const ram = ({iomem}: Observation): Observation['iomem'] => iomem.filter(({name}) => name.startsWith('System RAM'));

/** Ranges in which no memory device ever was. */
function outside({iomem}: Observation, devices: readonly MemoryDevice[]): string[] {
  const all = [...devices].map(({address, size, resizable}) => ({
    start: address,
    end: address + (resizable?.max ?? size),
  }));
  return ofMemory(iomem)
    .filter((range) => !all.some(({start, end}) => range.start < end && start < range.end))
    .map(({start, end, name, depth}) => `${depth} ${start.toString(16)}-${end.toString(16)} ${name}`);
}

const isVirtioMem = (range: {start: number; end: number}, {vmm}: Observation): boolean =>
  vmm.devices.some(
    ({address, resizable}) => resizable && address <= range.start && range.end <= address + resizable.max,
  );

const isKmem = (range: {start: number; end: number}, {vmm}: Observation): boolean =>
  vmm.devices.some(
    (device) => isPersistent(device) && device.address <= range.start && range.end <= device.address + device.size,
  );

function blocksMetBy(now: Observation): number[] {
  const met = now.iomem
    .filter((range) => isMemory(range, now.unmapped))
    .flatMap(({start, end}) => {
      const from = Math.floor(start / now.blockSize);
      return Array.from({length: Math.ceil(end / now.blockSize) - from}, (_, i) => from + i);
    });
  return [...new Set(met)].sort((a, b) => a - b);
}

/** The nodes as the links of a block name them; what isn't a node is told as that. */
const known = (nodes: readonly number[], now: Observation): string =>
  nodes.length > 0 && nodes.every((node) => nodesOf(now).includes(node)) ? nodes.join(',') : ' of /proc/zoneinfo';

/** A mask as the kernel prints it: `0-1,3`. */
function mask(nodes: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const node of [...nodes].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.[1] === node - 1) last[1] = node;
    else runs.push([node, node]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}
