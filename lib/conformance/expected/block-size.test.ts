import test from 'ava';
import {amd64} from '../../machine/board/amd64.ts';
import {bytes} from '../../util/size.ts';
import {largestBlock} from './block-size.ts';

const [MIB, GIB] = [2 ** 20, 2 ** 30];

for (const [end, size] of [
  [1 * GIB, 128 * MIB],
  [64 * GIB - 128 * MIB, 128 * MIB],
  [64 * GIB, 2 * GIB],
  [65 * GIB, 1 * GIB],
  [64 * GIB + 256 * MIB, 256 * MIB],
  [64 * GIB + 64 * MIB, 128 * MIB],
] as const) {
  test(`memory that ends at ${end / MIB} MiB has blocks of ${size / MIB} MiB`, (t) => {
    const iomem = [
      {start: bytes(0), end: bytes(GIB), name: 'System RAM', depth: 0},
      {start: bytes(end - 4096), end: bytes(end), name: 'System RAM', depth: 0},
    ];
    t.is(largestBlock({iomem}, amd64.pages(amd64.page)).value, size);
  });
}
