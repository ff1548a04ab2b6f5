import test from 'ava';
import {shuffled} from './order.ts';

const list = [0, 1, 2, 3, 4, 5, 6, 7];

test('a seed gives the same order each time, another seed another one, and nothing is lost', (t) => {
  t.deepEqual(shuffled(list, 1), shuffled(list, 1));
  t.notDeepEqual(shuffled(list, 1), shuffled(list, 2));
  t.notDeepEqual(shuffled(list, 20_261), list);
  t.deepEqual(shuffled(list, 7).sort(), list);
});
