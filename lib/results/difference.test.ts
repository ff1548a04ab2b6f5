import test from 'ava';
import {differenceLines, differenceSentence, differencesOf} from './difference.ts';
import type {Json} from './record.ts';

const blocks = (count: number, change: (id: number) => object = () => ({})): Json[] =>
  Array.from({length: count}, (_, i) => ({
    block: String(32 + i),
    state: 'online',
    zones: 'Movable',
    ...change(32 + i),
  }));

test('of 40 blocks those that differ are told, together where they differ in the same way', (t) => {
  const actual = blocks(40, (id) =>
    id >= 41 && id <= 43 ? {state: 'offline', zones: 'Movable Normal'} : id === 60 ? {zones: 'Normal'} : {},
  );
  t.deepEqual(differenceLines({expected: blocks(40), actual}), [
    '4 of 40 differ; the other 36 are as expected',
    'memory41–memory43 state (3): seen "offline", expected "online"',
    'memory41–memory43 zones (3): seen "Movable Normal", expected "Movable"',
    'memory60 zones: seen "Normal", expected "Movable"',
  ]);
});

test('what is missing and what is too much', (t) => {
  const actual = blocks(41).filter((one) => (one as {block: string}).block !== '50');
  t.deepEqual(differencesOf(blocks(40), actual), [
    {path: 'memory50', expected: {state: 'online', zones: 'Movable'}, seen: undefined},
    {path: 'memory72', expected: undefined, seen: {state: 'online', zones: 'Movable'}},
  ]);
});

test('lines that begin with a name are compared by it', (t) => {
  const lines = (odd: string): string[] =>
    Array.from({length: 30}, (_, i) => `memory${i} ${i === 17 ? odd : 'online'}`);
  t.deepEqual(differenceLines({expected: lines('online'), actual: lines('offline')}), [
    '1 of 30 differ; the other 29 are as expected',
    'memory17: seen "offline", expected "online"',
  ]);
});

test('numbers without names are compared as a list', (t) => {
  const ids = Array.from({length: 60}, (_, i) => i + 100);
  t.deepEqual(
    differencesOf(
      ids,
      ids.filter((id) => id !== 140),
    ),
    [{path: '[40]', expected: 140, seen: undefined}],
  );
});

test('the same in another order is a difference', (t) => {
  const expected = blocks(5);
  t.true(differencesOf(expected, [...expected].reverse()).length > 0);
});

test('small values are shown whole, and what is no value to be equal to as what it is', (t) => {
  t.is(differenceSentence({expected: 'Movable', actual: 'Normal'}), 'seen "Normal", expected "Movable"');
  t.is(differenceSentence({expected: {oneOf: ['a', 'b']}, actual: 'c'}), 'seen "c", expected one of ["a","b"]');
  t.is(differenceSentence({expected: {atLeast: 5}, actual: 4}), 'seen 4, expected at least 5');
});

test('long texts are shown from shortly before the place where they differ', (t) => {
  const text = 'x'.repeat(5000);
  const [line = ''] = differenceLines({expected: `${text}a${text}`, actual: `${text}b${text}`});
  t.regex(line, /seen "…x+bx+…", expected "…x+ax+…"/);
  t.true(line.length < 400);
});

test('of very many differences a sentence names the first', (t) => {
  const expected = Object.fromEntries(Array.from({length: 50}, (_, i) => [`key${i}`, `value ${i}`]));
  const actual = Object.fromEntries(Object.keys(expected).map((key, i) => [key, `other ${i}`]));
  t.regex(differenceSentence({expected, actual}), /^all 50 differ; key0: .*; and 47 more differences$/);
});

test('every pair of values that differs has a difference to show', (t) => {
  const values: Json[] = [
    null,
    1,
    'a',
    [],
    {},
    [1],
    [[1]],
    {a: 1},
    {a: null},
    [{id: 1}],
    [{id: 1, a: 2}],
    ['m1 a', 'm1 b'],
    ['m1 a'],
    [null],
  ];
  for (const expected of values)
    for (const seen of values)
      if (expected !== seen)
        t.not(differencesOf(expected, seen).length, 0, `${JSON.stringify(expected)} and ${JSON.stringify(seen)}`);
});
