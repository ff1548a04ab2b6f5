import {readFileSync} from 'node:fs';
import test from 'ava';
import {Broken} from '../util/errors.ts';
import {mib} from '../util/size.ts';
import {parseObservation} from './observation.ts';

/** What memhp_observe printed on Debian 13 with a DIMM of four blocks: one in Movable, one in Normal, two offline. */
const sample = readFileSync(new URL('./fixtures/debian-13-mixed.txt', import.meta.url), 'utf8');

test('a real observation: all views, and they agree', (t) => {
  const seen = parseObservation(sample);
  t.is(seen.policy, 'offline');
  t.is(seen.blockSize, mib(128));
  t.deepEqual(
    seen.blocks.map(({id, state, validZones}) => `${id} ${state} ${validZones.join(' ')}`),
    [
      '0 online none',
      '1 online DMA32',
      '2 online DMA32',
      '3 online DMA32',
      '4 online DMA32',
      '5 online DMA32',
      '6 online DMA32',
      '7 online DMA32',
      '32 online Movable',
      '33 online Normal',
      '34 offline Normal Movable',
      '35 offline Normal Movable',
    ],
  );
  t.true(seen.blocks.every(({nodes, linkedFrom}) => nodes.join() === '0' && linkedFrom.join() === '0'));
  t.deepEqual(
    seen.zones.filter(({present}) => present > 0).map(({name}) => name),
    ['DMA', 'DMA32', 'Normal', 'Movable'],
  );
  t.is(
    seen.zones.reduce((sum, {managed}) => sum + managed * 4, 0),
    seen.meminfo['MemTotal'] ?? 0,
  );
  t.deepEqual(seen.nodeTotals, {0: seen.meminfo['MemTotal'] ?? 0});
  t.deepEqual(Object.keys(seen.nodeMasks).sort(), ['has_memory', 'has_normal_memory', 'online', 'possible']);
  t.true(
    seen.iomem.some(
      ({start, end, name}) => name === 'System RAM' && start === 2 ** 32 && end === 2 ** 32 + 512 * 2 ** 20,
    ),
  );
  t.is(new Date(seen.bootTime * 1000).toISOString(), '2026-11-21T02:48:13.000Z');
  t.true(seen.kernelLog.some((line) => line.includes('Policy zone: Normal')));
});

test('no kernel message is an empty log', (t) => {
  t.deepEqual(parseObservation(sample.replace(/^(@kernel-log\n)[^]*?^(?=@end)/m, '$1')).kernelLog, []);
});

test('kernel messages cannot carry control characters into a report', (t) => {
  const {kernelLog} = parseObservation(sample.replace('@kernel-log\n', '@kernel-log\n[1.0] \u001B[31mred\u0007\n'));
  t.is(kernelLog[0], '[1.0] red');
});

for (const part of ['@links', '@kernel-log', '@end']) {
  test(`output that is cut before ${part} is refused`, (t) => {
    t.throws(() => parseObservation(sample.slice(0, sample.indexOf(part))), {
      instanceOf: Broken,
      message: /the observation is cut/,
    });
  });
}

test('a block size that is no hex number is refused and quoted', (t) => {
  t.throws(() => parseObservation(sample.replace(/^(memory\/block_size_bytes:).*$/m, '$10x8000000')), {
    instanceOf: Broken,
    message: 'block_size_bytes is not hex: "0x8000000"',
  });
  t.throws(() => parseObservation(sample.replace(/^memory\/block_size_bytes:.*\n/m, '')), {
    instanceOf: Broken,
    message: 'block_size_bytes is not hex: "missing"',
  });
});
