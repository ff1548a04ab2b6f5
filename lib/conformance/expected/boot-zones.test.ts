import {readFileSync} from 'node:fs';
import test from 'ava';
import {amd64} from '../../machine/board/amd64.ts';
import type {Observation} from '../../guest/observation.ts';
import {gib, mib} from '../../util/size.ts';
import {bootMovable, movableNow} from './boot-zones.ts';

const kernel = amd64.pages(amd64.page);

/** System RAM: pages 1–158, 256–262108: 262011 in all. */
const {first, now} = JSON.parse(
  readFileSync(new URL('../fixtures/movable-and-normal.json', import.meta.url), 'utf8'),
) as {first: Observation; now: Observation};
const END = 0x3_ff_dd;

for (const [what, sizes, startPfn] of [
  [
    'kernelcore=512M: 131072 pages after the 98 missing ones, to the next 4 MiB',
    {kernelcore: {bytes: mib(512)}},
    132_096,
  ],
  ['kernelcore=50%: 131005 pages, no other 4 MiB', {kernelcore: {percent: 50}}, 131_072 + 1024],
  ['movablecore=300M: all but 76800 pages, so 185211', {movablecore: {bytes: mib(300)}}, 185_344],
  ['movablecore=1M is 4 MiB', {movablecore: {bytes: mib(1)}}, 262_144 - 1024],
  [
    'kernelcore wins where it asks for more than movablecore leaves',
    {kernelcore: {bytes: mib(700)}, movablecore: {bytes: mib(500)}},
    180_224,
  ],
] as const) {
  test(what, (t) => {
    const {value} = bootMovable(first, sizes, kernel);
    t.deepEqual(value, startPfn < END ? [{node: 0, startPfn, present: END - startPfn}] : []);
  });
}

test('kernelcore of all memory or more, or nothing asked: no ZONE_MOVABLE', (t) => {
  t.deepEqual(bootMovable(first, {kernelcore: {bytes: gib(1)}}, kernel).value, []);
  t.deepEqual(bootMovable(first, {}, kernel).value, []);
});

test('two nodes share the kernel memory', (t) => {
  const {value} = bootMovable(first, {kernelcore: {bytes: mib(512)}}, kernel, [131_072, Infinity]);
  t.deepEqual(value, [
    {node: 0, startPfn: 66_560, present: 131_072 - 66_560},
    {node: 1, startPfn: 131_072 + 65_536, present: END - 131_072 - 65_536},
  ]);
});

test('movableNow shows the zones that hold memory', (t) => {
  t.deepEqual(movableNow(first), []);
  t.deepEqual(movableNow(now), [{node: 0, startPfn: 0x10_00_00, present: 32_768}]);
});
