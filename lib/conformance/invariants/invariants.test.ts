import {readFileSync} from 'node:fs';
import test from 'ava';
import {LOST} from '../../guest/kernel-log.ts';
import type {Observation} from '../../guest/observation.ts';
import type {Moment} from './invariant.ts';
import {compareAll, invariantNames} from './invariants.ts';
import {Done, type Write} from '../verdict/done.ts';
import type {Listed} from '../verdict/listings.ts';

/** Without readonly and with plain numbers, so that a test can falsify any part. */
type Loose<T> = T extends number ? number : T extends object ? {-readonly [key in keyof T]: Loose<T[key]>} : T;
type Edit = (now: Loose<Observation>) => void;

/** Debian 12 at boot, and with a DIMM of two blocks (memory32, memory33), the lower one Movable, the upper one Normal. */
const fixture = (): {first: Observation; now: Loose<Observation>} =>
  JSON.parse(readFileSync(new URL('../fixtures/movable-and-normal.json', import.meta.url), 'utf8')) as {
    first: Observation;
    now: Loose<Observation>;
  };

const violated = (edit: Edit = () => undefined, moment: Partial<Moment> = {}): string[] => {
  const {first, now} = fixture();
  edit(now);
  const all = compareAll({
    first,
    now: now as unknown as Observation,
    accepted: new Set(['dimm0']),
    bootRam: 2 ** 30,
    numa: true,
    ...moment,
  });
  return all.filter(({expected, actual}) => JSON.stringify(expected) !== JSON.stringify(actual)).map(({name}) => name);
};

const at = <T>(list: T[], index: number): T => {
  const item = list.at(index);
  if (item === undefined) throw new Error('the fixture lacks it');
  return item;
};
const block = (now: Loose<Observation>, id: number): Loose<Observation>['blocks'][number] =>
  at(
    now.blocks.filter((one) => one.id === id),
    0,
  );
const zone = (now: Loose<Observation>, name: string): Loose<Observation>['zones'][number] =>
  at(
    now.zones.filter((one) => one.name === name),
    0,
  );
const drop = (now: Loose<Observation>, id: number): void => {
  now.blocks = now.blocks.filter((one) => one.id !== id);
};

const QEMU = 'QEMU: base-memory and plugged-memory are boot RAM and the sum of the DIMMs';
const BLOCKS = 'the memory blocks are those of boot memory and of the plugged devices';
const AGREE = 'state and online agree';
const INDEX = 'phys_index is the block id';
const PRESENT = 'present pages follow the blocks of each zone';
const SPAN = 'every online block lies in the span of its zone';
const LINKS = 'blocks and nodes link to each other';
const NODE = "blocks of a device are on the device's node";
const RAM = 'System RAM grows by exactly the plugged devices';
const DEVICE_RAM = 'each plugged device is System RAM from its first to its last byte';
const TOTAL = 'MemTotal is what the blocks make it';
const SUMS = "MemTotal is the sum of the zones' managed pages and of the nodes";
const LOG = 'the kernel warns of nothing';
const STAYS = 'a memory device stays what it was when it was plugged';
const EVENTS = "QEMU's events tell of what has happened to the devices";
const CONSTANTS = 'the block size and the constants of /proc/meminfo are as at first';
const REMOVABLE = 'a block can be removed and names no device';
const MET = 'the memory blocks are those that System RAM meets';
const CALLED = 'System RAM is called what it is';
const ORDER = 'each node has its zones, in their order';
const MASKS = 'the masks of nodes follow the zones';
const BOOT_NODES = 'a block of boot memory stays on its nodes';
const POLICY = 'auto_online_blocks changes only when it is written';
const WRITTEN = 'a block is in the state that was written to it';
const OUTSIDE = '/proc/iomem is as at first outside of memory devices';
const FAILS = 'the kernel fails to add only what QEMU has';
const PAGES = 'the zones have the pages of System RAM in online blocks';
const OFFERS = 'an offline block offers the zones that there are for it';
const SPANS = 'a zone spans its blocks and nothing else';

const dimm = (all = '', requested?: number): Listed => ({id: 'dimm0', all, requested, isPlugged: true});

const offline33 = (): Observation => {
  const {now} = fixture();
  Object.assign(block(now, 33), {state: 'offline', online: '0', validZones: ['Normal', 'Movable']});
  return now as unknown as Observation;
};

/** What is falsified, how, and every invariant that must see it. */
/** What verbs have reported. */
function did(...writes: Write[]): Done {
  const done = new Done();
  for (const write of writes) done.report(write);
  return done;
}

const lies: readonly (readonly [string, Edit, readonly string[], Partial<Moment>?])[] = [
  [
    'QEMU counts less plugged memory than it has devices',
    (now) => {
      now.qemu.plugged -= 4096;
    },
    [QEMU],
  ],
  [
    'QEMU changes base-memory',
    (now) => {
      now.qemu.base += 2 ** 20;
    },
    [QEMU],
  ],
  [
    'a block of the DIMM is missing',
    (now) => {
      drop(now, 33);
    },
    [BLOCKS, PRESENT, NODE, TOTAL],
  ],
  [
    'a block of boot memory is missing',
    (now) => {
      drop(now, 3);
    },
    [BLOCKS, PRESENT, TOTAL],
  ],
  [
    'a block too many',
    (now) => {
      now.blocks.push({
        ...block(now, 33),
        id: 34,
        physIndex: '00000022',
        state: 'offline',
        online: '0',
        validZones: ['Normal', 'Movable'],
      });
    },
    [BLOCKS],
  ],
  [
    'online contradicts state',
    (now) => {
      block(now, 32).online = '0';
    },
    [AGREE],
  ],
  [
    'state contradicts online',
    (now) => {
      block(now, 32).state = 'going-offline';
    },
    [AGREE, PRESENT, TOTAL],
  ],
  [
    "online can't be read",
    (now) => {
      block(now, 32).online = undefined;
    },
    [AGREE],
  ],
  [
    'phys_index of another block',
    (now) => {
      block(now, 32).physIndex = '00000021';
    },
    [INDEX],
  ],
  [
    'phys_index in decimal',
    (now) => {
      block(now, 32).physIndex = '00000032';
    },
    [INDEX],
  ],
  [
    'valid_zones names the wrong zone',
    (now) => {
      block(now, 32).validZones = ['Normal'];
    },
    [PRESENT, SPAN],
  ],
  [
    'valid_zones says none',
    (now) => {
      block(now, 33).validZones = ['none'];
    },
    [PRESENT],
  ],
  [
    'a zone has a page less than its blocks',
    (now) => {
      zone(now, 'Movable').present -= 1;
    },
    [PRESENT],
  ],
  [
    'a zone ends before its block does',
    (now) => {
      zone(now, 'Movable').spanned -= 1;
    },
    [SPAN],
  ],
  [
    'a zone begins in the middle of its block',
    (now) => {
      zone(now, 'Normal').startPfn += 512;
    },
    [SPAN],
  ],
  [
    'memory33/node0 is missing',
    (now) => {
      block(now, 33).nodes = [];
    },
    [LINKS, NODE],
  ],
  [
    'node0/memory33 is missing',
    (now) => {
      block(now, 33).linkedFrom = [];
    },
    [LINKS],
  ],
  [
    'a block is on the wrong node',
    (now) => {
      Object.assign(block(now, 33), {nodes: [1], linkedFrom: [1]});
    },
    [NODE],
  ],
  [
    'iomem lacks the DIMM',
    (now) => {
      now.iomem.pop();
    },
    [RAM, DEVICE_RAM],
  ],
  [
    'iomem has the DIMM a page short',
    (now) => {
      at(now.iomem, -1).end -= 4096;
    },
    [RAM, DEVICE_RAM],
  ],
  [
    'iomem has the DIMM a page too high',
    (now) => {
      const last = at(now.iomem, -1);
      Object.assign(last, {start: last.start + 4096, end: last.end + 4096});
    },
    [DEVICE_RAM],
  ],
  [
    'iomem has boot memory a page short',
    (now) => {
      at(now.iomem, 1).end -= 4096;
    },
    [RAM],
  ],
  [
    'MemTotal is a page more',
    (now) => {
      now.meminfo['MemTotal'] = (now.meminfo['MemTotal'] ?? 0) + 4;
    },
    [TOTAL, SUMS],
  ],
  [
    'a zone manages a page less',
    (now) => {
      zone(now, 'Normal').managed -= 1;
    },
    [SUMS],
  ],
  [
    'a node has a page less',
    (now) => {
      now.nodeTotals[0] = (now.nodeTotals[0] ?? 0) - 4;
    },
    [SUMS],
  ],
  [
    'an oops',
    (now) => {
      now.kernelLog.push('[   12.3] Oops: 0000 [#1] PREEMPT SMP NOPTI');
    },
    [LOG],
  ],
  [
    'a warning',
    (now) => {
      now.kernelLog.push('[   12.3] WARNING: CPU: 0 PID: 1 at mm/memory_hotplug.c:1');
    },
    [LOG],
  ],
  [
    'a bug',
    (now) => {
      now.kernelLog.push('[   12.3] kernel BUG at mm/memory_hotplug.c:1!');
    },
    [LOG],
  ],
  [
    'messages of the kernel are lost',
    (now) => {
      now.kernelLog.push(LOST);
    },
    [LOG],
  ],
  [
    'a device moves',
    () => undefined,
    [STAYS],
    {listed: {listings: [[dimm('here')]], before: [dimm('there')], sizeWritten: true}},
  ],
  [
    'a device is listed twice',
    () => undefined,
    [STAYS],
    {listed: {listings: [[dimm(), dimm()]], before: undefined, sizeWritten: true}},
  ],
  [
    'a write had no effect',
    () => undefined,
    [WRITTEN],
    {done: did({file: '/sys/devices/system/memory/memory33/state', word: 'offline', accepted: true})},
  ],
  [
    'a word was accepted, and another policy is read',
    () => undefined,
    [POLICY],
    {done: did({file: '/sys/devices/system/memory/auto_online_blocks', word: 'online_kernel', accepted: true})},
  ],
  [
    'boot memory has moved in iomem',
    (now) => {
      const low = at(now.iomem, 0);
      Object.assign(low, {start: low.start + 2 ** 27, end: low.end + 2 ** 27});
    },
    [OUTSIDE],
  ],
  [
    "valid_zones of an online block can't be read",
    (now) => {
      block(now, 0).validZones = [];
    },
    [REMOVABLE],
  ],
  [
    'a device is away for a moment',
    () => undefined,
    [STAYS],
    {listed: {listings: [[], [dimm()]], before: [dimm()], sizeWritten: true}},
  ],
  [
    'a device is listed for a moment',
    () => undefined,
    [STAYS],
    {listed: {listings: [[dimm()], []], before: [], sizeWritten: true}},
  ],
  [
    'virtio-mem is asked for another size by nobody',
    () => undefined,
    [STAYS],
    {listed: {listings: [[dimm('', 1)]], before: [dimm('', 2)], sizeWritten: false}},
  ],
  [
    'a device came at boot all of a sudden',
    () => undefined,
    [STAYS],
    {listed: {listings: [[{...dimm(), isPlugged: false}]], before: [], sizeWritten: true}},
  ],
  [
    "the kernel fails to add what isn't there",
    (now) => {
      now.kernelLog.push('[ 1.0] acpi PNP0C80:07: add_memory failed');
    },
    [FAILS],
  ],
  [
    'a block of boot memory is offline',
    (now) => {
      Object.assign(block(now, 3), {state: 'offline', online: '0', validZones: ['DMA32', 'Movable']});
    },
    [PAGES],
  ],
  [
    'an offline block offers another zone first',
    (now) => {
      Object.assign(block(now, 33), {state: 'offline', online: '0', validZones: ['Movable', 'Normal']});
    },
    [OFFERS],
    {done: did(), before: offline33()},
  ],
  [
    "an offline block offers a zone that isn't for it",
    (now) => {
      Object.assign(block(now, 33), {state: 'offline', online: '0', validZones: ['DMA', 'Normal']});
    },
    [OFFERS],
  ],
  [
    'an offline block offers no zone',
    (now) => {
      Object.assign(block(now, 33), {state: 'offline', online: '0', validZones: []});
    },
    [OFFERS],
  ],
  [
    'an event of a device that nobody has seen',
    () => undefined,
    [EVENTS],
    {events: [{event: 'DEVICE_DELETED', data: {device: 'ghost'}, timestamp: {seconds: 0, microseconds: 0}}]},
  ],
  [
    'the blocks have half their size',
    (now) => {
      now.blockSize /= 2;
    },
    [CONSTANTS, MET],
  ],
  [
    'the guest has swap all of a sudden',
    (now) => {
      now.meminfo['SwapTotal'] = 4;
    },
    [CONSTANTS],
  ],
  [
    "a block isn't removable",
    (now) => {
      block(now, 3).removable = '0';
    },
    [REMOVABLE],
  ],
  [
    'a block has a device',
    (now) => {
      block(now, 3).physDevice = '1';
    },
    [REMOVABLE],
  ],
  [
    "phys_device can't be read",
    (now) => {
      block(now, 33).physDevice = undefined;
    },
    [REMOVABLE],
  ],
  [
    'iomem names the DIMM as virtio-mem',
    (now) => {
      at(now.iomem, -1).name = 'System RAM (virtio_mem)';
    },
    [CALLED],
  ],
  [
    'iomem lacks a block of boot memory',
    (now) => {
      now.iomem = now.iomem.filter(({start}) => start !== 2 ** 20);
    },
    [MET],
  ],
  [
    'Normal and Movable are exchanged',
    (now) => {
      const [normal, movable] = [zone(now, 'Normal'), zone(now, 'Movable')];
      [normal.name, movable.name] = ['Movable', 'Normal'];
    },
    [ORDER, SPANS],
  ],
  [
    'a node lacks a zone',
    (now) => {
      now.zones.push({...zone(now, 'DMA'), node: 1});
    },
    [ORDER, MASKS],
  ],
  [
    'has_memory lacks a node',
    (now) => {
      now.nodeMasks['has_memory'] = '';
    },
    [MASKS],
  ],
  [
    'one node more is possible',
    (now) => {
      now.nodeMasks['possible'] = '0-1';
    },
    [MASKS],
  ],
  [
    'a block of boot memory is on no node',
    (now) => {
      Object.assign(block(now, 3), {nodes: [], linkedFrom: []});
    },
    [BOOT_NODES],
  ],
  [
    'a block of boot memory has moved to another node',
    (now) => {
      Object.assign(block(now, 3), {nodes: [1], linkedFrom: [1]});
    },
    [BOOT_NODES],
  ],
  [
    'another policy, and nobody has written it',
    (now) => {
      now.policy = 'online_movable';
    },
    [POLICY],
    {before: fixture().now as unknown as Observation, done: did()},
  ],
  [
    'a zone without a change is a page longer',
    (now) => {
      zone(now, 'DMA').spanned += 1;
    },
    [SPANS],
    {before: fixture().now as unknown as Observation},
  ],
  [
    "a zone spans a block that it hasn't",
    (now) => {
      zone(now, 'Movable').spanned += 32768;
    },
    [SPANS],
  ],
  [
    'an empty zone spans something',
    (now) => {
      zone(now, 'Device').spanned = 1;
    },
    [SPANS],
  ],
];

test('what a guest really showed violates nothing', (t) => {
  t.deepEqual(violated(), []);
});

for (const [lie, edit, expected, moment] of lies) {
  test(`${lie}: seen`, (t) => {
    const seen = violated(edit, moment);
    for (const name of expected)
      t.true(seen.includes(name), `"${name}" must be violated; violated are: ${seen.join('; ') || 'none'}`);
  });
}

test('every invariant has been seen to fail', (t) => {
  const red = new Set(lies.flatMap(([, , names]) => names));
  t.deepEqual(
    invariantNames.filter((name) => !red.has(name)),
    [],
  );
});

test('ordinary kernel messages are no trouble', (t) => {
  t.deepEqual(
    violated((now) => {
      now.kernelLog.push(
        '[ 1.0] Built 1 zonelists, mobility grouping on.  Total pages: 274885',
        '[ 1.1] memory memory32: Offline failed.',
      );
    }),
    [],
  );
});

test('a warning reads the same at every boot', (t) => {
  const lines = [
    '[  125.947784] WARNING: CPU: 0 PID: 101 at arch/x86/mm/init_64.c:986 add_pages+0x77/0x80',
    '[   70.1] WARNING: arch/x86/mm/init_64.c:991 at add_pages+0x77/0x80, CPU#0: kworker/u4:4/101',
    '[   64.0] BUG: Bad page state in process kworker/0:1  pfn:100c01',
    '[  100.291513] BUG: kernel NULL pointer dereference, address: 00000000000000a0',
    '[   99.1] BUG: kernel NULL pointer dereference, address: 00000000000000b8',
    '[  100.306611] Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI',
    '[   99.2] Oops: 0000 [#1] SMP PTI',
  ];
  const {first, now} = fixture();
  now.kernelLog.push(...lines);
  const seen = compareAll({
    first,
    now: now as unknown as Observation,
    accepted: new Set(['dimm0']),
    bootRam: 2 ** 30,
    numa: true,
  }).find(({name}) => name === LOG);
  t.deepEqual(seen?.actual, [
    'WARNING: add_pages in arch/x86/mm/init_64.c',
    'BUG: Bad page state',
    'BUG: kernel NULL pointer dereference',
    'Oops: 0000',
  ]);
});

test('a DIMM that the guest has not accepted must not be there', (t) => {
  t.true(violated(undefined, {accepted: new Set()}).includes(BLOCKS));
});

test("another machine than the profile's is seen", (t) => {
  t.deepEqual(violated(undefined, {bootRam: 2 ** 31}), [QEMU]);
});

test('System RAM may be told in pieces that meet in the middle of a page, as after a kexec', (t) => {
  const split: Edit = (now) => {
    const [low, middle] = [at(now.iomem, 1), at(now.iomem, 1).start + 5000];
    now.iomem.splice(1, 1, {...low, end: middle}, {...low, start: middle});
  };
  const {first} = fixture();
  split(first as unknown as Loose<Observation>);
  t.deepEqual(violated(split, {first}), []);
});

test('without NUMA no links are asked for', (t) => {
  const unlinked: Edit = (now) => {
    for (const one of now.blocks) Object.assign(one, {nodes: [], linkedFrom: []});
  };
  t.deepEqual(violated(unlinked, {numa: false}), []);
  t.deepEqual(violated(unlinked), [NODE, BOOT_NODES]);
});

test('the end of a CPU that the case itself has plugged is nothing strange', (t) => {
  const events = [
    {
      event: 'DEVICE_DELETED',
      data: {device: 'cpu1', path: '/machine/peripheral/cpu1'},
      timestamp: {seconds: 0, microseconds: 0},
    },
  ];
  t.deepEqual(violated(undefined, {events, others: new Set(['cpu1'])}), []);
  t.deepEqual(violated(undefined, {events, others: new Set(['cpu2'])}), [EVENTS]);
});

const KILLED = '[  9.1] Out of memory: Killed process 81 (perl) total-vm:9000kB, anon-rss:8000kB, oom_score_adj:0';

test('trouble that a case asks for must come, and none beside it', (t) => {
  const announced = ['Out of memory: Killed process (perl)'];
  const said =
    (...lines: string[]): Edit =>
    (now) => {
      now.kernelLog = lines;
    };
  t.deepEqual(violated(said(KILLED), {announced}), []);
  t.deepEqual(violated(said(KILLED)), [LOG]);
  t.deepEqual(violated(said(), {announced}), [LOG]);
  t.deepEqual(violated(said(KILLED.replace('perl', 'init')), {announced}), [LOG]);
  t.deepEqual(violated(said(KILLED, '[  9.2] BUG: sleeping'), {announced}), [LOG]);
  const failure = '[  9.1] perl: page allocation failure: order:0, mode:0x400cc2(GFP_HIGHUSER), nodemask=(null)';
  t.deepEqual(violated(said(failure), {announced: ['perl: page allocation failure: order:0']}), []);
});

/** The DIMM is persistent memory, of which the guest uses what it uses. */
const persistent: Edit = (now) => {
  at(now.qemu.devices, 0).type = 'virtio-pmem';
  for (const range of now.iomem) {
    if (range.start === at(now.qemu.devices, 0).address) range.name = 'System RAM (kmem)';
  }
};

test('persistent memory is RAM where the guest makes RAM of it, and is called so', (t) => {
  t.deepEqual(violated(persistent), []);
  const called =
    (name: string): Edit =>
    (now) => {
      persistent(now);
      for (const range of now.iomem) if (range.name === 'System RAM (kmem)') range.name = name;
    };
  t.deepEqual(violated(called('System RAM')), [CALLED]);
  t.deepEqual(
    violated((now) => {
      persistent(now);
      drop(now, 33);
    }).includes(MET),
    true,
  );
});

test('persistent memory that a driver has is what ZONE_DEVICE spans', (t) => {
  const driven =
    (spanned: (pages: number) => number): Edit =>
    (now) => {
      persistent(now);
      const {address, size} = at(now.qemu.devices, 0);
      const index = now.iomem.findIndex(({start}) => start === address);
      now.iomem = now.iomem.toSpliced(
        index,
        1,
        {depth: 0, start: address, end: address + size, name: 'dax0.0'},
        {...at(now.iomem, index), depth: 1},
      );
      zone(now, 'Device').spanned = spanned(size / 4096);
    };
  t.deepEqual(violated(driven((pages) => pages)), []);
  t.deepEqual(violated(driven((pages) => pages + 1)), [SPANS]);
  t.deepEqual(violated(driven(() => 0)), [SPANS]);
  t.deepEqual(
    violated((now) => {
      persistent(now);
      zone(now, 'Device').spanned = 1;
    }),
    [SPANS],
  );
});
