import test from 'ava';
import {TapCounter, type Tally} from './tap.ts';

function tally(exit: number, ...lines: string[]): Tally {
  const counter = new TapCounter();
  for (const line of lines) counter.line(line);
  return counter.end(exit);
}

test('passes, failures and skips are counted', (t) => {
  t.deepEqual(
    tally(
      1,
      'TAP version 13',
      'ok 1 - one',
      'not ok 2 - two',
      '  ---',
      '    ok: false',
      '  ...',
      'ok 3 - three # SKIP',
      '1..3',
    ),
    {passed: 1, failed: ['two'], why: new Map([['two', ['    ok: false']]]), skipped: 1, flaw: undefined},
  );
});

test('a whole stream of passes has no flaw', (t) => {
  t.is(tally(0, 'ok 1 - one', '1..1').flaw, undefined);
});

test('nothing that ran is no success', (t) => {
  t.is(tally(0, '1..0').flaw, 'no test ran (exit status 0)');
  t.is(tally(0).flaw, 'no test ran (exit status 0)');
  t.is(tally(0, 'ok 1 - one # SKIP', '1..1').flaw, 'no test ran (exit status 0)');
});

test('a runner that was cut off is no success', (t) => {
  t.is(tally(137, 'ok 1 - one').flaw, 'the test runner was cut off after 1 tests (exit status 137)');
  t.is(tally(0, 'ok 1 - one', '1..2').flaw, '1 of 2 planned tests were reported');
});

test('a runner that fails without a failing test is no success', (t) => {
  t.is(tally(1, 'ok 1 - one', '1..1').flaw, 'no test failed, but the test runner ended with status 1');
});

test('a crash that AVA reports beyond its plan counts as a failure once', (t) => {
  t.deepEqual(tally(1, 'ok 1 - one', 'not ok 2 - Error: crash', '1..1'), {
    passed: 1,
    failed: ['Error: crash'],
    why: new Map([['Error: crash', []]]),
    skipped: 0,
    flaw: undefined,
  });
});

test('what a failed test said is kept, its first lines alone, and nothing of its neighbours', (t) => {
  const lines = Array.from({length: 30}, (_, index) => `    ${index}`);
  const {why} = tally(1, 'not ok 1 - one', '  ---', ...lines, '  ...', 'ok 2 - two', '    of two', '1..2');
  t.deepEqual([...why], [['one', lines.slice(0, 12)]]);
});
