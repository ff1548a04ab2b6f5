import test from 'ava';
import {percent, scoreOf, scoreTable, stale} from './score.ts';
import type {Tally} from './mutate.ts';

const tally = (caught: number, explained: number): Tally => ({
  counts: {'memtotal-page': {injected: 10, caught, explained, equivalent: 1}},
  survivors: [],
  used: {0: {explained, caught: 1}},
});

test('tallies add up', (t) => {
  const score = scoreOf([tally(9, 1), tally(10, 0)]);
  t.deepEqual(score.total, {injected: 20, caught: 19, explained: 1, equivalent: 2});
  t.is(scoreTable(score).split('\n').at(-1), '| all | 20 | 19 | 95.00 % | 1 | 0 | 2 |');
});

test('a percentage is never rounded up', (t) => {
  t.is(percent(99_999, 100_000), '99.99 %');
  t.is(percent(5, 5), '100.00 %');
  t.is(percent(0, 0), '–');
});

test('an explanation of what is caught by now is told', (t) => {
  const table = {
    unknowable: [],
    equivalent: [],
    survivors: [{case: '*', fault: 'memtotal-page', at: '*', about: '*', reason: ''}],
  };
  t.deepEqual(stale(scoreOf([tally(9, 1)]), table), []);
  t.is(stale(scoreOf([tally(10, 0)]), table).length, 1);
});
