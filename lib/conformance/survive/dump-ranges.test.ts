import test from 'ava';
import type {Observation} from '../../guest/observation.ts';
import {parseIomem} from '../../guest/iomem.ts';
import {dumpOf, expectedDump, loads, shown} from './dump-ranges.ts';

const IOMEM = `00001000-0009fbff : System RAM
00100000-3ffdefff : System RAM
  2f000000-3effffff : Crash kernel
100000000-107ffffff : System RAM
108000000-10fffffff : System RAM
140000000-147ffffff : System RAM (virtio_mem)
`;
const seen = (iomem: string): Observation => ({iomem: parseIomem(iomem)}) as unknown as Observation;

/** A program header: type, physical address, size in memory. */
function header(type: number, start: number, size: number): Buffer {
  const bytes = Buffer.alloc(56);
  bytes.writeUInt32LE(type, 0);
  bytes.writeBigUInt64LE(BigInt(start), 24);
  bytes.writeBigUInt64LE(BigInt(size), 40);
  return bytes;
}

test('a dump has System RAM from 1 MiB on without the kernel that writes it; neighbours are one range', (t) => {
  t.deepEqual(expectedDump(seen(IOMEM)), [
    '100000-2effffff',
    '3f000000-3ffdefff',
    '100000000-10fffffff',
    '140000000-147ffffff',
  ]);
});

test('where nothing is reserved for a crash there is no verdict', (t) => {
  t.throws(() => expectedDump(seen(IOMEM.replace('Crash kernel', 'Kernel code'))), {message: /nothing is reserved/});
});

test("only PT_LOAD headers are memory; the kernel's own text lies within", (t) => {
  const table = Buffer.concat([
    header(4, 0, 0x1000),
    header(1, 0x2000000, 0x100000),
    header(1, 0x100000, 0x3f00000),
    header(1, 0x1000, 0x9e000),
  ]);
  t.deepEqual(loads(table).length, 3);
  t.deepEqual(shown(loads(table)), ['100000-3ffffff']);
  t.deepEqual(dumpOf(`${table.toString('hex')}\n`), ['100000-3ffffff']);
});

test("what isn't whole program headers is no answer", (t) => {
  for (const text of ['', '00\n', '0'.repeat(112), 'No such file'])
    t.throws(() => dumpOf(text), {message: /not the program headers/});
});
