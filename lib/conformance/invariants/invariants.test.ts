import test from 'ava';
import {acpi} from '../../vmm/qemu/acpi/acpi.ts';
import type {Observation} from '../../guest/observation.ts';
import type {Moment} from './invariant.ts';
import {compareAll, invariantNames} from './invariants.ts';
import {lies} from './fixtures/lies.ts';
import {
  type Loose,
  type Edit,
  fixture,
  violated,
  at,
  zone,
  drop,
  QEMU,
  BLOCKS,
  NODE,
  LOG,
  EVENTS,
  MET,
  CALLED,
  BOOT_NODES,
  SPANS,
  SUMS,
} from './fixtures/moment.ts';
import {moreLies} from './fixtures/more-lies.ts';

test('what a guest really showed violates nothing', (t) => {
  t.deepEqual(violated(), []);
});

for (const [lie, edit, expected, moment] of [...lies, ...moreLies]) {
  test(`${lie}: seen`, (t) => {
    const seen = violated(edit, moment);
    for (const name of expected)
      t.true(seen.includes(name), `"${name}" must be violated; violated are: ${seen.join('; ') || 'none'}`);
  });
}

test('every invariant has been seen to fail', (t) => {
  const red = new Set([...lies, ...moreLies].flatMap(([, , names]) => names));
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

test('pages that no zone had at first may stay so where the board says why, and nowhere else; no more may come', (t) => {
  const more = (one: Loose<Observation>, kb: number): void => {
    one.meminfo['MemTotal'] = (one.meminfo['MemTotal'] ?? 0) + kb;
  };
  const {first} = fixture() as unknown as {first: Loose<Observation>};
  more(first, 24);
  const lost = (kb: number): [Edit, Partial<Moment>] => [
    (now) => {
      more(now, kb);
    },
    {first: first as unknown as Observation, uncounted: 'freed too early'},
  ];
  t.deepEqual(violated(...lost(24)), []);
  t.true(violated(...lost(28)).includes(SUMS));
  t.true(violated(...lost(0)).includes(SUMS));
  const [edit, moment] = lost(24);
  t.true(violated(edit, {...moment, uncounted: undefined}).includes(SUMS));
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
    protocol: acpi,
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
  at(now.vmm.devices, 0).type = 'virtio-pmem';
  for (const range of now.iomem) {
    if (range.start === at(now.vmm.devices, 0).address) range.name = 'System RAM (kmem)';
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
      const {address, size} = at(now.vmm.devices, 0);
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
