import test from 'ava';
import {Broken} from '../../util/errors.ts';
import {haveMet, isInSomeOrder, type BlockState, type Made} from './model.ts';
import {parseRounds} from './race.ts';
import {parseSeen} from './readers.ts';

const OFF: BlockState = {state: 'offline', zone: 'Normal'};
const MOVABLE: BlockState = {state: 'online', zone: 'Movable'};
const NORMAL: BlockState = {state: 'online', zone: 'Normal'};

/** `state online_movable none`, all of them at the same time; `@BEGIN-END` for other times. */
const made = (text: string): Made => {
  const match = /^(\w+) (\w+) (\w+)(?: @(\d+)-(\d+))?$/.exec(text) ?? [];
  const [, file, word = '', errno = '', begin = '0', end = '9'] = match;
  return {file: file === 'state' ? 'state' : 'online', word, errno, begin: Number(begin), end: Number(end)};
};

for (const [name, before, writes, after, possible] of [
  [
    'the second of two equal words is refused',
    OFF,
    ['state online_movable none', 'state online_movable EINVAL'],
    MOVABLE,
    true,
  ],
  [
    "both of two equal words can't be accepted",
    OFF,
    ['state online_movable none', 'state online_movable none'],
    MOVABLE,
    false,
  ],
  [
    "both of two equal words can't be refused",
    OFF,
    ['state online_movable EINVAL', 'state online_movable EINVAL'],
    OFF,
    false,
  ],
  [
    'the zone is that of the accepted word',
    OFF,
    ['state online_kernel EINVAL', 'state online_movable none'],
    MOVABLE,
    true,
  ],
  [
    'the zone is not that of the refused word',
    OFF,
    ['state online_kernel EINVAL', 'state online_movable none'],
    NORMAL,
    false,
  ],
  ['the online file accepts what is so already', OFF, ['online 1 none', 'online 1 none'], NORMAL, true],
  ['online and then offline', OFF, ['state offline none', 'state online none'], OFF, true],
  ['offline and then online', OFF, ['state offline EINVAL', 'state online none'], NORMAL, true],
  ["what both accept can't end online", OFF, ['state offline none', 'state online none'], NORMAL, false],
  ['nothing happens to what nobody writes to', MOVABLE, [], OFF, false],
  [
    'a write that ended before another one began was first',
    OFF,
    ['state offline none @5-6', 'state online none @0-1'],
    OFF,
    true,
  ],
  [
    "a write that began after another one had ended wasn't first",
    OFF,
    ['state offline EINVAL @5-6', 'state online none @0-1'],
    NORMAL,
    false,
  ],
  ['a block in a kernel zone may be busy', NORMAL, ['state offline EBUSY', 'state online EINVAL'], NORMAL, true],
  ['a block in Movable may not', MOVABLE, ['state offline EBUSY', 'state online EINVAL'], MOVABLE, false],
  ['no error but those of the source', OFF, ['state online EAGAIN', 'state online none'], NORMAL, false],
] as const) {
  test(name, (t) => {
    t.is(isInSomeOrder({before, made: writes.map(made), after}, 'Normal'), possible);
  });
}

test('writes have met when one began before another one ended', (t) => {
  const met = (...writes: string[]): boolean => haveMet({before: OFF, made: writes.map(made), after: OFF});
  t.true(met('state offline EINVAL @0-5', 'state offline EINVAL @4-9'));
  t.false(met('state offline EINVAL @0-4', 'state offline EINVAL @4-9'));
});

test('rounds are read as they were planned, and nothing else', (t) => {
  const out = 'before 32 offline Normal Movable\nwrote 0 none 1 5\nwrote 1 EINVAL 2 6\nafter 32 online Movable\n';
  const planned = [
    [
      {file: 'state', word: 'online_movable'},
      {file: 'state', word: 'online_movable'},
    ],
  ] as const;
  t.deepEqual(parseRounds(out, planned), [
    {
      before: OFF,
      made: [
        {file: 'state', word: 'online_movable', errno: 'none', begin: 1, end: 5},
        {file: 'state', word: 'online_movable', errno: 'EINVAL', begin: 2, end: 6},
      ],
      after: MOVABLE,
    },
  ]);
  const others = [out.replace('wrote 1', 'wrote 2'), out.replace('after', 'before'), out + out, `${out}clock: no\n`];
  for (const wrong of ['', ...others]) {
    t.throws(() => parseRounds(wrong, planned), {instanceOf: Broken});
  }
});

test('what readers saw is read, and nothing else', (t) => {
  const out = 'ready\nfailed state ENODEV\nkilled 9\nread memory32/uevent \nread state online\\n\nreads 12\n';
  t.deepEqual(parseSeen(out), {
    texts: new Map([
      ['memory32/uevent', ['']],
      ['state', ['online\\n']],
    ]),
    errors: ['state ENODEV'],
    killed: ['killed 9'],
    reads: 12,
  });
  const others = ['ready\n', out.replace('ready\n', ''), out.replace('killed 9', "a reader didn't come")];
  for (const wrong of ['', ...others]) t.throws(() => parseSeen(wrong), {instanceOf: Broken});
});
