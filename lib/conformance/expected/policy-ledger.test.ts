import {readFileSync} from 'node:fs';
import test from 'ava';
import type {Observation} from '../../guest/observation.ts';
import {gib, mib} from '../../util/size.ts';
import {autoMovableZone, counted, smallestRatio} from './policy-ledger.ts';

/**
 * A DIMM of two blocks at 4 GiB, the lower one Movable, the upper one Normal. Boot memory: 3998 pages of DMA, 258013 of
 * DMA32.
 */
const {first, now} = JSON.parse(
  readFileSync(new URL('../fixtures/movable-and-normal.json', import.meta.url), 'utf8'),
) as {first: Observation; now: Observation};
const BOOT = 3998 + 258_013;
const BLOCK = 32_768;
const dimm = {address: gib(4), size: mib(256), node: 0};
const another = {address: gib(8), size: mib(128), node: 0};

test("boot memory in kernel zones counts as kernel memory, a plugged Normal block doesn't", (t) => {
  t.deepEqual(counted(first).value, {kernel: BOOT, movable: 0});
  t.deepEqual(counted(now).value, {kernel: BOOT, movable: BLOCK});
  t.deepEqual(counted(now, 0).value, {kernel: BOOT, movable: BLOCK});
  t.deepEqual(counted(now, 1).value, {kernel: 0, movable: 0});
});

test('CMA in a kernel zone counts as movable; in ZONE_MOVABLE it is that already', (t) => {
  const withCma = (at: Observation, zone: string): Observation => ({
    ...at,
    zones: at.zones.map((one) => (one.name === zone ? {...one, cma: 16_384} : one)),
  });
  t.deepEqual(counted(withCma(first, 'DMA32')).value, {kernel: BOOT - 16_384, movable: 16_384});
  t.deepEqual(counted(withCma(now, 'Movable')).value, counted(now).value);
});

test('blocks without a memory group are judged one by one, and one in a kernel zone holds back no other', (t) => {
  const ungrouped = {...dimm, grouped: false};
  t.is(smallestRatio(first, ungrouped).value, smallestRatio(first, another).value, 'one block of the two');
  t.is(autoMovableZone(now, dimm, 301).value, 'Normal');
  t.is(autoMovableZone(now, ungrouped, 301).value, 'Movable');
  t.is(autoMovableZone(now, ungrouped, 25).value, 'Normal', 'one is there already: 25.01 percent with another');
});

test("the smallest ratio fits, one percent less doesn't", (t) => {
  for (const at of [first, now]) {
    const {value} = smallestRatio(at, another);
    t.is(value, at === first ? 13 : 26, '32768 and 65536 of 262011 pages are 12.5 and 25.01 percent');
    t.is(autoMovableZone(at, another, value).value, 'Movable');
    t.is(autoMovableZone(at, another, value - 1).value, 'Normal');
  }
});

test('a DIMM with a block in a kernel zone goes there whole, and a ratio of 0 allows nothing', (t) => {
  t.is(autoMovableZone(now, dimm, 10_000).value, 'Normal');
  t.is(autoMovableZone(first, dimm, 10_000).value, 'Movable');
  t.is(autoMovableZone(first, dimm, 0).value, 'Normal');
});

test("blocks of the DIMM that are in ZONE_MOVABLE already aren't counted twice", (t) => {
  const low = {
    ...now,
    blocks: now.blocks.filter(({id}) => id !== 33),
    zones: now.zones.filter(({name}) => name !== 'Normal'),
  };
  t.is(smallestRatio(low, dimm).value, smallestRatio(first, dimm).value);
});

test('a node without kernel memory allows nothing, unless nodes are not looked at', (t) => {
  t.is(autoMovableZone(first, {...another, node: 1}, 301).value, 'Normal');
  t.is(autoMovableZone(first, {...another, node: 1}, 301, false).value, 'Movable');
});
