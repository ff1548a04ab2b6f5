import {readFileSync} from 'node:fs';
import test from 'ava';
import type {Observation} from '../../guest/observation.ts';
import {bytes, gib, mib} from '../../util/size.ts';
import {blocksOf} from './device-blocks.ts';
import {expectedBlocks, expectedMemTotal, expectedPresent, zoneOf} from './ledger.ts';

const {first, now} = JSON.parse(
  readFileSync(new URL('../fixtures/movable-and-normal.json', import.meta.url), 'utf8'),
) as {first: Observation; now: Observation};

for (const [what, address, size, expected] of [
  ["two blocks from a block's beginning", gib(4), mib(256), [32, 33]],
  ['a device smaller than a block has none', gib(4), mib(100), []],
  ["a part of a block doesn't count, at the end", gib(4), mib(192), [32]],
  ['nor at the beginning', bytes(gib(4) + mib(2)), mib(256), [33]],
] as const) {
  test(`blocksOf: ${what}`, (t) => {
    t.deepEqual(blocksOf({address, size}, mib(128)), [...expected]);
  });
}

test('zoneOf is undefined where no one zone manages the block', (t) => {
  const [block] = now.blocks.slice(-1);
  if (!block) throw new Error('the fixture lacks it');
  t.is(zoneOf(block), 'Normal');
  t.is(zoneOf({...block, state: 'offline', validZones: ['Normal', 'Movable']}), undefined);
  t.is(zoneOf({...block, validZones: ['none']}), undefined);
});

test("MemTotal: a block's size for each block onlined or offlined since, and the reason says so", (t) => {
  const up = expectedMemTotal(first, now);
  t.is(up.value, (first.meminfo['MemTotal'] ?? 0) + 2 * 128 * 1024);
  t.regex(up.because, /915408 kB at first \+ 2 blocks onlined − 0 offlined, 131072 kB \(128 MiB\) each/);
  t.is(expectedMemTotal(now, first).value, (now.meminfo['MemTotal'] ?? 0) - 2 * 128 * 1024);
  t.deepEqual(expectedMemTotal(first, now).value, now.meminfo['MemTotal'] ?? 0);
});

test('present pages: by the zone that valid_zones gives', (t) => {
  const {value} = expectedPresent(first, now);
  t.is(value['node 0 Movable'], 32_768);
  t.is(value['node 0 Normal'], 32_768);
  t.is(value['node 0 DMA32'], 258_013);
  t.is(expectedPresent(now, first).value['node 0 Movable'], 0);
});

test("blocks: boot memory's, and those of the devices that the guest took", (t) => {
  t.deepEqual(expectedBlocks(first, now, new Set(['dimm0'])).value, [0, 1, 2, 3, 4, 5, 6, 7, 32, 33]);
  t.deepEqual(expectedBlocks(first, now, new Set()).value, [0, 1, 2, 3, 4, 5, 6, 7]);
  t.deepEqual(
    expectedBlocks(now, first, new Set(['dimm0'])).value,
    [0, 1, 2, 3, 4, 5, 6, 7],
    'a cold-plugged device that is gone takes its blocks along',
  );
});
