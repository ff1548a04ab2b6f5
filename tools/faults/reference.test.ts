import test from 'ava';
import {fixtureRecord} from '../../lib/results/fixtures.ts';
import {referenceFrom, wrongIn} from './reference.ts';

const good = {
  ...fixtureRecord(),
  case: 'plug/dimm',
  outcome: 'pass' as const,
  reason: '',
  checks: [{name: 'zone', expected: 1, actual: 1, ok: true}],
};
const reference = referenceFrom([good]);

test('the true verdict and none at all are right in the middle of a fault', (t) => {
  t.deepEqual(wrongIn([good], reference, {whole: false}), []);
  t.deepEqual(wrongIn([{...good, outcome: 'broken', reason: 'QEMU ended', checks: []}], reference, {whole: false}), []);
  t.deepEqual(wrongIn([], reference, {whole: false}), []);
});

test('any other verdict is wrong, and so is a pass that rests on fewer checks', (t) => {
  t.regex(
    wrongIn([{...good, outcome: 'fail', reason: 'zone'}], reference, {whole: false}).join('\n'),
    /plug\/dimm: fail \(zone\), where the reference has pass/,
  );
  t.is(wrongIn([{...good, checks: []}], reference, {whole: false}).length, 1);
  t.is(wrongIn([{...good, case: 'plug/other'}], reference, {whole: false}).length, 1);
});

test('after the resumption nothing may be missing or broken', (t) => {
  t.deepEqual(wrongIn([], reference, {whole: true}), ['plug/dimm: no record']);
  t.is(wrongIn([{...good, outcome: 'broken', reason: 'x'}], reference, {whole: true}).length, 1);
});
