import {readFileSync} from 'node:fs';
import test from 'ava';
import type {IoRange} from '../../guest/iomem.ts';
import type {Observation} from '../../guest/observation.ts';
import {differences} from './unchanged.ts';

const {first, now} = JSON.parse(
  readFileSync(new URL('../fixtures/movable-and-normal.json', import.meta.url), 'utf8'),
) as {first: Observation; now: Observation};
const [zone] = now.zones;
const [block] = now.blocks;
if (!zone || !block) throw new Error('the fixture lacks them');

test('an observation equals itself', (t) => {
  t.deepEqual(differences(now, now), {expected: {}, actual: {}});
});

test('free memory may differ: it does so by itself', (t) => {
  t.deepEqual(
    differences(now, {
      ...now,
      meminfo: {...now.meminfo, MemFree: 1},
      zones: now.zones.map((one) => ({...one, free: 1})),
      kernelLog: ['x'],
    }),
    {expected: {}, actual: {}},
  );
});

test("a driver that claims its device's memory is no difference; something new inside RAM is", (t) => {
  const [ram] = now.iomem;
  if (!ram) throw new Error('the fixture lacks it');
  const bus: IoRange = {...ram, name: 'PCI Bus 0000:00', depth: 0};
  const inside = (name: string): IoRange => ({...ram, name, depth: 1});
  const before = {...now, iomem: [ram, bus]};
  t.deepEqual(differences(before, {...now, iomem: [ram, bus, inside('ahci')]}).actual, {});
  t.deepEqual(Object.keys(differences(before, {...now, iomem: [ram, inside('Kernel code'), bus]}).actual), ['iomem']);
});

for (const [what, after, path] of [
  ["a block's state", {...now, blocks: [{...block, state: 'offline'}, ...now.blocks.slice(1)]}, 'blocks.memory0.state'],
  [
    "a block's zone",
    {...now, blocks: [{...block, validZones: ['Normal']}, ...now.blocks.slice(1)]},
    'blocks.memory0.validZones',
  ],
  ['a block that is gone', {...now, blocks: now.blocks.slice(1)}, 'blocks.memory0'],
  [
    "a zone's present pages",
    {...now, zones: [{...zone, present: zone.present - 1}, ...now.zones.slice(1)]},
    'zones.node 0 DMA.present',
  ],
  ['MemTotal', {...now, meminfo: {...now.meminfo, MemTotal: 4}}, 'memTotal'],
  ['the policy', {...now, policy: 'online'}, 'policy'],
  ['iomem', {...now, iomem: now.iomem.slice(1)}, 'iomem'],
  ["a node's MemTotal", {...now, nodeTotals: {0: 4}}, 'nodeTotals.0'],
  ['a node mask', {...now, nodeMasks: {...now.nodeMasks, has_memory: '0-1'}}, 'nodeMasks.has_memory'],
  ["QEMU's devices", {...now, vmm: {...now.vmm, devices: []}}, 'vmm.devices'],
] satisfies [string, Observation, string][]) {
  test(`${what} is named by its path`, (t) => {
    const {expected, actual} = differences(now, after);
    t.deepEqual(Object.keys(actual), [path]);
    t.deepEqual(Object.keys(expected), [path]);
    t.notDeepEqual(expected, actual);
  });
}

test('a block that came is a difference too', (t) => {
  t.true(Object.keys(differences(first, now).actual).includes('blocks.memory32'));
});
