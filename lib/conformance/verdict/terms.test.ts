import test from 'ava';
import {inTermsOf} from './terms.ts';

const zone = {node: 0, name: 'Normal', free: 1, spanned: 1000, present: 900, managed: 800, startPfn: 0};
const terms = {
  arch: 'amd64' as const,
  deviceBlock: 32,
  blockPages: 100,
  blockSize: 409600,
  zones: [zone],
  blocks: [0, 1],
  ram: 5000,
};

test('blocks are counted from where memory devices begin, in names and in texts', (t) => {
  t.deepEqual(inTermsOf({'blocks.memory<device+1>.state': 'memory<device+0>, memory<device+12>'}, terms), {
    'blocks.memory33.state': 'memory32, memory44',
  });
});

test('pages are counted in blocks, alone or on top of what a zone had', (t) => {
  t.deepEqual(
    inTermsOf(
      [
        '<1 block>',
        '<3 blocks>',
        '<start of device+2>',
        {'zones.node 0 Normal.present': '<boot + 2 blocks>', 'zones.node 0 Movable.managed': '<boot + 1 block>'},
      ],
      terms,
    ),
    [100, 300, 3400, {'zones.node 0 Normal.present': 1100, 'zones.node 0 Movable.managed': 100}],
  );
});

test('what there was as the case began: its blocks and its System RAM', (t) => {
  t.deepEqual(inTermsOf(['<boot blocks>', '<boot RAM + 2 blocks>', '<boot RAM>'], terms), [
    [0, 1],
    824200,
    '<boot RAM>',
  ]);
});

test('what is in no terms stays as it is', (t) => {
  const value = ['ready', {answer: 0, blocks: [], more: null}, '2 blocks', '<two blocks>', 131072, true];
  t.deepEqual(inTermsOf(value, terms), value);
});

test('a zone of boot that is asked for elsewhere is an error of whoever recorded it', (t) => {
  t.throws(() => inTermsOf({'nodeTotals.0': '<boot + 1 block>'}, terms), {
    message: '"<boot + …>" stands under "nodeTotals.0", which is no field of a zone',
  });
});
