import test from 'ava';
import fc from 'fast-check';
import {measured, quotients} from './stats.ts';

test('median and spread', (t) => {
  t.deepEqual(measured([3, 1, 2], 'ms'), {median: 2, min: 1, max: 3, n: 3, unit: 'ms'});
  t.deepEqual(measured([4, 1, 2, 10], 'ms'), {median: 3, min: 1, max: 10, n: 4, unit: 'ms'});
  t.deepEqual(measured([7], 's'), {median: 7, min: 7, max: 7, n: 1, unit: 's'});
  t.throws(() => measured([], 'ms'), {instanceOf: RangeError});
});

test('the order of the values does not matter, and half of them are on each side of the median', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({min: -1000, max: 1000}), {minLength: 1}), (values) => {
      const {median, min, max} = measured(values, 'ms');
      t.deepEqual(measured(values.toReversed(), 'ms'), measured(values, 'ms'));
      t.true(min <= median && median <= max);
      t.true(values.filter((value) => value < median).length * 2 <= values.length);
      t.true(values.filter((value) => value > median).length * 2 <= values.length);
    }),
  );
});

test('quotients are those of neighbours', (t) => {
  t.deepEqual(quotients([2, 9], [1, 3]), [2, 3]);
  t.deepEqual(quotients([2, 9, 4], [1, 3]), [2, 3]);
});
