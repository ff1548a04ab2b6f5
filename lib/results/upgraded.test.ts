import test from 'ava';
import {record, run} from './record.ts';
import {upgraded} from './upgraded.ts';

const cell = {
  id: 'debian-12.q35.tcg',
  guest: 'debian-12',
  distro: 'debian',
  release: '12',
  arch: 'amd64',
  kernel: '6.1.0-56-amd64',
  machine: 'q35',
  accel: 'tcg',
  qemu: '7.2.22',
};
const old = {
  schema: 1,
  case: 'online/movable',
  title: 'A title',
  claims: ['linux/online/movable'],
  cell,
  append: '',
  outcome: 'pass',
  reason: '',
  checks: [],
  steps: [],
  facts: {},
  known: [],
  stale: [],
  console: '',
  startedAt: '2026-11-21T15:30:38.577Z',
  durationMs: 1,
  evidence: '',
};

test('a record of schema 1 is read: its QEMU is the hypervisor', (t) => {
  const read = record.parse(upgraded(old));
  t.deepEqual(read.cell.vmm, {name: 'qemu', version: '7.2.22'});
  t.is(read.cell.arch, 'amd64');
  t.false('qemu' in read.cell);
});

test('so is run.json, with each of its cells', (t) => {
  const read = run.parse(
    upgraded({
      schema: 1,
      memhp: '0.1.0',
      startedAt: old.startedAt,
      guests: ['debian-12'],
      planned: [],
      cells: [cell, cell],
      host: {cpu: 'a CPU', cores: 2, memoryMiB: 1, accelReason: ''},
    }),
  );
  t.deepEqual(
    read.cells.map(({vmm}) => vmm.version),
    ['7.2.22', '7.2.22'],
  );
});

test("today's are left alone, and what is no record is the reader's to refuse", (t) => {
  const now = upgraded(old);
  t.is(upgraded(now), now);
  for (const other of [null, 1, 'x', [], {schema: 1}, {schema: 1, cell: 7, cells: 'none'}, {schema: 1, cell}])
    t.throws(() => record.parse(upgraded(other)));
});
