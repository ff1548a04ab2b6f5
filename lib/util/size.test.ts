import test from 'ava';
import fc from 'fast-check';
import {bytes, formatSize, gib, kib, mib, parseSize} from './size.ts';

test('sizes as QEMU writes them', (t) => {
  t.deepEqual(
    ['2048', '4K', '256M', '1G', '1g', '128MiB', ' 1T '].map((text) => parseSize(text)),
    [bytes(2048), kib(4), mib(256), gib(1), gib(1), mib(128), gib(1024)],
  );
});

for (const text of ['', 'M', '1.5G', '-1M', '1P', '0x100', '1 G', '1Mx']) {
  test(`"${text}" is no size`, (t) => {
    const error = t.throws(() => parseSize(text), {instanceOf: RangeError});
    t.true(error.message.startsWith(`"${text}" is no size`));
  });
}

test('sizes for people are exact', (t) => {
  t.deepEqual(
    [0, 4097, kib(4), mib(128), gib(1), mib(1536), 2 ** 50].map((size) => formatSize(size)),
    ['0 B', '4097 B', '4 KiB', '128 MiB', '1 GiB', '1536 MiB', '1024 TiB'],
  );
});

test('what is printed reads back as the same size', (t) => {
  fc.assert(
    fc.property(fc.integer({min: 0, max: 2 ** 50}), (size) => {
      t.is<number, number>(parseSize(formatSize(size).replace(' ', '')), size);
    }),
  );
});
