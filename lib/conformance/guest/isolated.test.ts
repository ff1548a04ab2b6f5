import test from 'ava';
import {parseIsolated} from './isolated.ts';

const info = (isolate: number): string => `Page block order: 9
Pages per block:  512

Free pages count per migrate type at order       0      1      2
Node    0, zone      DMA, type    Unmovable      0      1      2

Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate
Node 0, zone      DMA            1            7            0            0            0
Node 0, zone  Movable            0           64            0            0           ${isolate}
`;

test('isolated pageblocks are counted by zone; none is nothing', (t) => {
  t.deepEqual(parseIsolated(info(3)), {'node 0 Movable': 3});
  t.deepEqual(parseIsolated(info(0)), {});
});

test("a kernel that doesn't count them is no answer", (t) => {
  t.throws(() => parseIsolated('Number of blocks type     Unmovable      Movable\n'), {message: /no column Isolate/});
});
