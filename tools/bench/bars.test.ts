import test from 'ava';
import {bars, isMet, table, type Figures} from './bars.ts';
import {measured} from './stats.ts';

test('a bar is met by the median, on the right side of it', (t) => {
  const figures: Figures = {a: measured([1, 2, 30], 'ms')};
  t.true(isMet({name: 'a', limit: 2, side: 'at least'}, figures));
  t.false(isMet({name: 'a', limit: 2.1, side: 'at least'}, figures));
  t.true(isMet({name: 'a', limit: 2, side: 'at most'}, figures));
  t.false(isMet({name: 'a', limit: 2, side: 'under'}, figures));
});

test('a bar without a figure is not met', (t) => {
  for (const bar of bars) t.false(isMet(bar, {}));
});

test('the table has every figure and every bar', (t) => {
  const figures = Object.fromEntries(bars.map(({name, limit}) => [name, measured([limit], 'ms')]));
  const text = table(figures);
  for (const {name} of bars) t.true(text.includes(name), name);
  t.is(text.match(/^met /gm)?.length, 2);
  t.is(text.match(/^NOT MET /gm)?.length, 3);
});
