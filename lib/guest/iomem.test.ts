import test from 'ava';
import fc from 'fast-check';
import {Broken} from '../util/errors.ts';
import {bytes} from '../util/size.ts';
import {parseIomem, systemRam} from './iomem.ts';

const TEXT = `00000000-00000fff : Reserved
00001000-0009fbff : System RAM
00100000-3ffdcfff : System RAM
  0ac00000-0ba01d31 : Kernel code
c0000000-febfffff : PCI Bus 0000:00
  febf0000-febf3fff : 0000:00:01.0
    febf0000-febf3fff : virtio-pci-modern
100000000-107ffffff : System RAM
108000000-10fffffff : System RAM (kmem)
`;

test('ranges end after their last byte and know their depth', (t) => {
  const ranges = parseIomem(TEXT);
  t.is(ranges.length, 9);
  t.deepEqual(ranges[1], {start: bytes(0x1000), end: bytes(0x9fc00), name: 'System RAM', depth: 0});
  t.deepEqual(
    ranges.map(({depth}) => depth),
    [0, 0, 0, 1, 0, 1, 2, 0, 0],
  );
  t.deepEqual(ranges[7], {start: bytes(0x1_0000_0000), end: bytes(0x1_0800_0000), name: 'System RAM', depth: 0});
});

test('System RAM is merged where ranges touch, whoever added it', (t) => {
  t.deepEqual(systemRam(parseIomem(TEXT)), [
    {start: 0x1000, end: 0x9fc00},
    {start: 0x100000, end: 0x3ffdd000},
    {start: 0x1_0000_0000, end: 0x1_1000_0000},
  ]);
});

for (const line of ['00001000 : System RAM', '1000-xyz : System RAM', 'iomem: Permission denied']) {
  test(`"${line}" is refused and quoted`, (t) => {
    t.throws(() => parseIomem(`${TEXT}${line}\n`), {
      instanceOf: Broken,
      message: `iomem: not "start-end : name": "${line}"`,
    });
  });
}

test('addresses that are hidden from all but root are not taken for memory at 0', (t) => {
  t.throws(() => parseIomem('00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n'), {
    instanceOf: Broken,
    message: /not root/,
  });
});

test('merging neither loses nor invents a byte', (t) => {
  const parts = fc.array(fc.tuple(fc.nat(3), fc.integer({min: 1, max: 5})), {minLength: 1, maxLength: 20});
  fc.assert(
    fc.property(parts, (gaps) => {
      let at = 1;
      const ranges = gaps.map(([gap, size]) => {
        const start = at + gap;
        at = start + size;
        return {start: bytes(start), end: bytes(at), name: 'System RAM', depth: 0};
      });
      const merged = systemRam(ranges);
      t.is(
        merged.reduce((sum, {start, end}) => sum + end - start, 0),
        gaps.reduce((sum, [, size]) => sum + size, 0),
      );
      t.true(
        merged.every(({start}, i) => i === 0 || start > (merged[i - 1]?.end ?? 0)),
        'what touches is one range',
      );
    }),
  );
});
