import {formatSize} from '../../util/size.ts';
import {systemRam} from '../../guest/iomem.ts';
import {LOST} from '../../guest/kernel-log.ts';
import type {Observation} from '../../guest/observation.ts';
import {blocksIn, bytesIn} from '../expected/device-blocks.ts';
import {expectedBlocks, expectedMemTotal, expectedPresent, zoneOf} from '../expected/ledger.ts';
import type {Comparison, Invariant, Moment} from './invariant.ts';
import {consistency} from './consistency.ts';

/** Lines by which the kernel says that something is wrong with it. */
const TROUBLE =
  /\bWARNING: |\bBUG: |\bOops\b|kernel BUG at|general protection fault|Kernel panic|Out of memory: Killed process|page allocation failure/;

/**
 * What of such lines differs from boot to boot and from build to build: time, process, page, a field's offset, what of
 * the CPU and its bugs the kernel knows.
 */
const PASSING: readonly (readonly [RegExp, string])[] = [
  [/^\[ *[\d.]+\] ?/, ''],
  [/(BUG: Bad page state) in process .*/, '$1'],
  [/(unable to handle page fault for address): [0-9a-f]+$/, '$1'],
  [/(NULL pointer dereference), address: 0{13}[0-9a-f]{3}$/, '$1'],
  [/(Out of memory: Killed process) \d+ (\(\S+\)).*/, '$1 $2'],
  [/(page allocation failure: order:\d+), .*/, '$1'],
  [/^(?:Oops: )*(Oops: [0-9a-f]{4}) \[#\d+\].*/, '$1'],
];

/** A line without that. Of a warning file and function stay, whose parts new kernels write in another order. */
function steady(line: string): string {
  const [, file, name] = /\bWARNING: .*?(\S+\.[ch]):\d+ (?:at )?(\w+)\+0x/.exec(line) ?? [];
  return name === undefined
    ? PASSING.reduce((text, [what, by]) => text.replace(what, by), line)
    : `WARNING: ${name} in ${file ?? ''}`;
}

/** What the file `online` reads for each state that there is. Source: state_show() in drivers/base/memory.c. */
const ONLINE = new Map([
  ['online', 1],
  ['offline', 0],
  ['going-offline', 0],
]);

const invariants: Record<string, Invariant> = {
  'QEMU: base-memory and plugged-memory are boot RAM and the sum of the DIMMs': ({now, bootRam}) => ({
    expected: {base: bootRam, plugged: now.vmm.devices.reduce((sum, {size}) => sum + size, 0)},
    actual: {base: now.vmm.base, plugged: now.vmm.plugged},
    because: 'query-memory-size-summary against the machine profile and query-memory-devices',
  }),
  'the memory blocks are those of boot memory and of the plugged devices': ({first, now, accepted}) => {
    const {value, because} = expectedBlocks(first, now, accepted);
    return {expected: value, actual: now.blocks.map(({id}) => id), because};
  },
  'state and online agree': ({now}) => ({
    expected: now.blocks.map(
      ({id, state}) => `memory${id} ${ONLINE.get(state) ?? `(its state reads ${JSON.stringify(state)})`}`,
    ),
    actual: now.blocks.map(({id, online}) => `memory${id} ${online ?? 'missing'}`),
    because: 'online reads 1 exactly where state reads online',
  }),
  'phys_index is the block id': ({now}) => ({
    expected: now.blocks.map(({id}) => id.toString(16).padStart(8, '0')),
    actual: now.blocks.map(({physIndex}) => physIndex ?? 'missing'),
    because: 'drivers/base/memory.c prints it as %08lx',
  }),
  'present pages follow the blocks of each zone': ({first, now}) => {
    const {value, because} = expectedPresent(first, now);
    return {
      expected: value,
      actual: Object.fromEntries(now.zones.map(({node, name, present}) => [`node ${node} ${name}`, present])),
      because,
    };
  },
  'every online block lies in the span of its zone': ({now}) => ({
    expected: [],
    actual: now.blocks
      .filter((block) => zoneOf(block) !== undefined && !inSpan(block.id, zoneOf(block) ?? '', now))
      .map(({id, validZones}) => `memory${id} ${validZones.join(' ')}`),
    because: "start_pfn and spanned of /proc/zoneinfo against the block's page frames",
  }),
  'blocks and nodes link to each other': ({now}) => ({
    expected: [],
    actual: now.blocks
      .filter(({nodes, linkedFrom}) => nodes.join(',') !== linkedFrom.join(','))
      .map(({id, nodes, linkedFrom}) => `memory${id}: to ${nodeList(nodes)}, from ${nodeList(linkedFrom)}`),
    because: 'memoryN/nodeM exists exactly where node/nodeM/memoryN does',
  }),
  "blocks of a device are on the device's node": ({now, accepted, numa}) => ({
    expected: numa ? deviceBlocks(now, accepted).map(([id, node]) => `memory${id} node${node}`) : [],
    actual: numa
      ? deviceBlocks(now, accepted).map(
          ([id]) => `memory${id} node${now.blocks.find((block) => block.id === id)?.nodes.join(',') ?? ' missing'}`,
        )
      : [],
    because: 'the node that QEMU gives for the device against the memoryN/nodeM links',
  }),
  'System RAM grows by exactly the plugged devices': ({first, now, accepted}) => {
    const plugged = (one: Observation): number =>
      one.vmm.devices.filter(({id}) => accepted.has(id)).reduce((sum, device) => sum + bytesIn(device, one), 0);
    const ram = (one: Observation): number =>
      systemRam(one.iomem, one.unmapped).reduce((sum, {start, end}) => sum + end - start, 0);
    return {
      expected: ram(first) - plugged(first) + plugged(now),
      actual: ram(now),
      because:
        `System RAM of /proc/iomem at first (${ram(first)} bytes) and the sizes of the devices that the ` +
        `guest took since; of virtio-mem the blocks that it has`,
    };
  },
  'each plugged device is System RAM from its first to its last byte': ({now, accepted}) => ({
    expected: now.vmm.devices
      .filter(({id}) => accepted.has(id))
      .map((device) => `${device.id} ${bytesIn(device, now)}`),
    actual: now.vmm.devices
      .filter(({id}) => accepted.has(id))
      .map(({id, address, size, resizable}) => `${id} ${covered(now, address, address + (resizable?.max ?? size))}`),
    because: "bytes of the device's address range that /proc/iomem calls System RAM",
  }),
  'MemTotal is what the blocks make it': ({first, now, ownMemmap}) => {
    const {value, because} = expectedMemTotal(first, now, ownMemmap);
    return {expected: value, actual: now.meminfo['MemTotal'], because};
  },
  "MemTotal is the sum of the zones' managed pages and of the nodes": ({first, now, uncounted}) => {
    const lost = uncounted === undefined ? 0 : (first.meminfo['MemTotal'] ?? 0) - managedKb(first);
    const nodes = Object.values(now.nodeTotals);
    const counted = (now.meminfo['MemTotal'] ?? 0) - lost;
    return {
      expected: {zones: counted, nodes: counted},
      actual: {
        zones: managedKb(now),
        nodes: nodes.length > 0 ? nodes.reduce((sum, total) => sum + total, 0) : managedKb(now),
      },
      because:
        `managed pages of /proc/zoneinfo × ${formatSize(now.page)}, and MemTotal of each node, against ` +
        `/proc/meminfo${lost === 0 ? '' : `; as at first without ${lost} kB: ${uncounted}`}`,
    };
  },
  'the kernel warns of nothing': ({now, announced = []}) => {
    const trouble = now.kernelLog.filter((line) => TROUBLE.test(line)).map((line) => steady(line));
    return {
      expected: [...announced],
      // Where messages were lost a warning may have been among them.
      actual: [...new Set(trouble.length > 0 ? trouble : now.kernelLog.filter((line) => line === LOST))],
      because: 'new kernel messages with WARNING, BUG or Oops, each once',
    };
  },
  ...consistency,
};

const nodeList = (nodes: readonly number[]): string => nodes.map((node) => `node${node}`).join(',') || 'no node';

/** kB that all zones manage. */
const managedKb = ({zones, page}: Observation): number =>
  zones.reduce((sum, {managed}) => sum + managed, 0) * (page / 1024);

/** All invariants at one moment. */
export const compareAll = (moment: Moment): Comparison[] =>
  Object.entries(invariants).map(([name, invariant]) => ({name, ...invariant(moment)}));

export const invariantNames: readonly string[] = Object.keys(invariants);

/** Boot memory may end or begin inside a block, so a boot block need only meet the span; a plugged one lies in it. */
function inSpan(id: number, zoneName: string, now: Observation): boolean {
  const node = now.blocks.find((block) => block.id === id)?.nodes[0] ?? 0;
  const zone = now.zones.find((one) => one.name === zoneName && one.node === node);
  if (!zone) return false;
  const [start, end] = [(id * now.blockSize) / now.page, ((id + 1) * now.blockSize) / now.page];
  const zoneEnd = zone.startPfn + zone.spanned;
  const plugged = now.vmm.devices.some(
    ({address, size, resizable}) => address < end * now.page && start * now.page < address + (resizable?.max ?? size),
  );
  return plugged ? zone.startPfn <= start && end <= zoneEnd : zone.startPfn < end && start < zoneEnd;
}

const deviceBlocks = (now: Observation, accepted: ReadonlySet<string>): [number, number][] =>
  now.vmm.devices
    .filter(({id}) => accepted.has(id))
    .flatMap((device) => blocksIn(device, now).map((id): [number, number] => [id, device.node]));

function covered(now: Observation, start: number, end: number): number {
  return systemRam(now.iomem, now.unmapped).reduce(
    (sum, range) => sum + Math.max(0, Math.min(end, range.end) - Math.max(start, range.start)),
    0,
  );
}
