import test from 'ava';
import type {BlockSeen} from '../../results/record.ts';
import {changesOf} from '../changes.ts';
import {MemoryMapPainter, describe, mapSymbols} from './memory-map.ts';

const block = (id: number, changes: Partial<BlockSeen> = {}): BlockSeen => ({
  id,
  state: 'online',
  zones: 'Normal',
  node: 0,
  device: null,
  ...changes,
});
const blocks = (count: number, changes: Partial<BlockSeen> = {}): BlockSeen[] =>
  Array.from({length: count}, (_, id) => block(id, changes));
const painted = (list: BlockSeen[]): string => new MemoryMapPainter().paint(list)?.markup ?? '';
const count = (text: string, part: string): number => text.split(part).length - 1;

test('a square for each block, with everything about it in its tooltip', (t) => {
  const text = painted([block(3), block(42, {zones: 'Movable', device: 'dimm0'})]);
  t.is(count(text, '<use '), 2);
  t.true(
    text.includes('<use href="#zM" x="96" y="22"><title>memory42 · online · Movable · node 0 · dimm0</title></use>'),
  );
  t.true(text.includes('<title>memory3 · online · Normal · node 0 · boot memory</title>'));
});

const drawnAs = test.macro({
  exec: (t, changes: Partial<BlockSeen>, id: string) => {
    t.true(painted([block(1, changes)]).includes(`<use href="#${id}" `));
    t.true(mapSymbols().markup.includes(`<g id="${id}"`));
  },
  title: (_, {state = 'online', zones = 'Normal'}: Partial<BlockSeen>) => `${state} ${zones}`,
});

test(drawnAs, {}, 'zN');
test(drawnAs, {zones: 'Movable'}, 'zM');
test(drawnAs, {zones: 'DMA32'}, 'z3');
test(drawnAs, {zones: 'DMA'}, 'zD');
test(drawnAs, {zones: 'none'}, 'z0');
test(drawnAs, {state: 'offline', zones: 'Normal Movable'}, 'zo');
test(drawnAs, {state: 'going-offline'}, 'zg');
test(drawnAs, {zones: 'Normal Movable'}, 'zx');
test(drawnAs, {zones: 'offline'}, 'zx');
test(drawnAs, {zones: 'toString'}, 'zx');
test(drawnAs, {state: 'burning'}, 'zx');

test('boot memory comes first, each device has its rows', (t) => {
  const text = painted([block(40, {device: 'dimm1'}), block(32, {device: 'dimm0'}), block(0)]);
  t.deepEqual(
    [...text.matchAll(/class="ml" y="(\d+)">([^<]+)/g)].map(([, y, label]) => [y, label]),
    [
      ['12', 'boot memory'],
      ['34', 'dimm0'],
      ['56', 'dimm1'],
    ],
  );
});

test('up to 64 equal blocks are squares, more are one bar; another block ends the run', (t) => {
  t.is(count(painted(blocks(64)), '<use '), 64);
  const folded = painted([...blocks(65), block(65, {state: 'offline'}), block(67)]);
  t.is(count(folded, '<use '), 2);
  t.true(folded.includes('memory0…memory64, 65 blocks · online'));
  t.true(folded.includes('N ×65'));
});

test('a hole between block numbers is not folded away', (t) => {
  t.is(count(painted([...blocks(65), block(70)]), '<use '), 1);
});

test('the same state is drawn once', (t) => {
  const painter = new MemoryMapPainter();
  t.regex(painter.paint(blocks(8))?.markup ?? '', /<g id="m1">/);
  t.regex(painter.paint(blocks(8))?.markup ?? '', /<use href="#m1"\/><\/svg>$/);
  t.regex(painter.paint(blocks(9))?.markup ?? '', /<g id="m2">/);
});

test('beyond the budget nothing is drawn, except for what is important', (t) => {
  const painter = new MemoryMapPainter(8);
  t.truthy(painter.paint(blocks(8)));
  t.is(painter.paint(blocks(8)), undefined);
  t.truthy(painter.paint(blocks(8), 'important'));
  t.is(painter.paint(blocks(8), 'important'), undefined);
});

test('in words, for those who do not see it', (t) => {
  t.is(
    describe([...blocks(2), block(3, {state: 'offline', device: 'dimm0'})]),
    'boot memory: 2 online; dimm0: 1 offline',
  );
});

test('changes: what appears, goes, and moves', (t) => {
  const dimm = (changes: Partial<BlockSeen>): BlockSeen[] =>
    [4, 5, 6, 8].map((id) => block(id, {device: 'dimm0', ...changes}));
  t.deepEqual(changesOf([block(0)], [block(0), ...dimm({state: 'offline'})]), [
    'memory4…memory6, memory8: absent → offline',
  ]);
  t.deepEqual(changesOf(dimm({state: 'offline'}), dimm({zones: 'Movable'})), [
    'memory4…memory6, memory8: offline → online Movable',
  ]);
  t.deepEqual(changesOf(dimm({state: 'offline'}), []), ['memory4…memory6, memory8: offline → absent']);
  t.deepEqual(changesOf(dimm({zones: 'Normal'}), dimm({zones: 'Movable'})), [
    'memory4…memory6, memory8: online Normal → online Movable',
  ]);
  t.deepEqual(changesOf(dimm({}), dimm({})), []);
});
