import test from 'ava';
import {Broken} from '../util/errors.ts';
import {parseBlocks} from './blocks.ts';

const FILES = new Map([
  ['memory/block_size_bytes', '8000000'],
  ['memory/memory32/state', 'offline'],
  ['memory/memory32/online', '0'],
  ['memory/memory32/valid_zones', 'Normal Movable'],
  ['memory/memory32/removable', '1'],
  ['memory/memory32/phys_index', '00000020'],
  ['memory/memory32/phys_device', '0'],
  ['memory/memory4/state', 'online'],
]);
const link = (from: string, target: string): string => `${from} -> ../../${target}\n`;

test('blocks come in the order of their addresses, with what their files say', (t) => {
  const links = link('memory/memory32/node0', 'node/node0') + link('node/node0/memory32', 'memory/memory32');
  t.deepEqual(parseBlocks(FILES, links), [
    {
      id: 4,
      state: 'online',
      online: undefined,
      validZones: [],
      removable: undefined,
      physIndex: undefined,
      physDevice: undefined,
      nodes: [],
      linkedFrom: [],
    },
    {
      id: 32,
      state: 'offline',
      online: '0',
      validZones: ['Normal', 'Movable'],
      removable: '1',
      physIndex: '00000020',
      physDevice: '0',
      nodes: [0],
      linkedFrom: [0],
    },
  ]);
});

test('a block that spans nodes has both, and one way alone is seen as one way', (t) => {
  const links =
    link('memory/memory4/node0', 'node/node0') +
    link('memory/memory4/node1', 'node/node1') +
    link('node/node1/memory4', 'memory/memory4');
  const [block] = parseBlocks(FILES, links);
  t.deepEqual({nodes: block?.nodes, linkedFrom: block?.linkedFrom}, {nodes: [0, 1], linkedFrom: [1]});
});

test('a link that leads elsewhere than its name says, or nowhere, is no link', (t) => {
  for (const [node, block] of [
    ['node/node1', 'memory/memory5'],
    ['', ''],
    ['node/node0/', 'memory/memory04'],
    ['memory/memory4', 'node/node0'],
  ] as const) {
    const [seen] = parseBlocks(FILES, link('memory/memory4/node0', node) + link('node/node0/memory4', block));
    t.deepEqual({nodes: seen?.nodes, linkedFrom: seen?.linkedFrom}, {nodes: [], linkedFrom: []});
  }
});

test('two links run together on one line are the first one, which leads elsewhere', (t) => {
  const together = 'memory/memory4/node0 -> ../../nomemory/memory32/node0 -> ../../node/node0\n';
  t.deepEqual(
    parseBlocks(FILES, together).map(({id, nodes}) => ({id, nodes})),
    [
      {id: 4, nodes: []},
      {id: 32, nodes: []},
    ],
  );
});

test('what ls says of a link before its name is left alone', (t) => {
  const [block] = parseBlocks(
    new Map(),
    `lrwxrwxrwx 1 root root 0 Nov 25 09:00 ${link('memory/memory4/node0', 'node/node0')}lrwxrwxrwx    1 0   ` +
      `     0                0 Nov 25 09:00 ${link('node/node0/memory4', 'memory/memory4')}`,
  );
  t.deepEqual({nodes: block?.nodes, linkedFrom: block?.linkedFrom}, {nodes: [0], linkedFrom: [0]});
});

test('a line that is no link is refused and quoted', (t) => {
  t.throws(() => parseBlocks(FILES, 'ls: cannot open directory\n'), {
    instanceOf: Broken,
    message: /"ls: cannot open directory"/,
  });
});
