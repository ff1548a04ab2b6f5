import test from 'ava';
import {GuestPanic} from '../../console/console.ts';
import type {Check} from '../../results/record.ts';
import {Broken, DeadlineError} from '../../util/errors.ts';
import {Deviation} from './checks.ts';
import type {KnownDeviation} from './known.ts';
import {judge} from './outcome.ts';

const good: Check = {name: 'MemTotal', expected: 1, actual: 1, ok: true};
const bad: Check = {name: 'zone', expected: 'Movable', actual: 'Normal', ok: false, step: 'plug'};
const known: KnownDeviation = {
  id: 'k',
  case: 'a/b',
  check: 'zone',
  actual: 'Normal',
  explanation: 'It is so.\n',
  link: 'docs/x.md',
};

const outcomeOf = (checks: Check[], error?: unknown, recorded: KnownDeviation[] = []): ReturnType<typeof judge> =>
  judge({caseId: 'a/b', kernel: '6.1', guest: 'debian-12', checks, error}, recorded);

for (const [what, checks, error, recorded, expected] of [
  ['all checks hold', [good], undefined, [], 'pass'],
  ['no check was made', [], undefined, [], 'broken'],
  ['a check fails', [good, bad], undefined, [], 'fail'],
  ['a required check ends the case', [good, bad], new Deviation('zone'), [], 'fail'],
  ['the only failed check is recorded', [good, bad], undefined, [known], 'known'],
  ['a required check that is recorded ends the case', [bad], new Deviation('zone'), [known], 'known'],
  ['beside the recorded one another check fails', [bad, {...bad, name: 'other'}], undefined, [known], 'fail'],
  ['the recorded check fails otherwise', [{...bad, actual: 'DMA32'}], undefined, [known], 'fail'],
  ['the harness fails after checks that held', [good], new Broken('no answer'), [], 'broken'],
  ['the harness fails after a failed check', [good, bad], new DeadlineError('too late'), [], 'broken'],
  ['something is thrown that is no error', [good], 'text', [], 'broken'],
  ['the guest panics', [good], new GuestPanic('Kernel panic - not syncing: Fatal exception'), [], 'fail'],
  [
    'somebody asked for the panic',
    [good],
    new GuestPanic('Kernel panic - not syncing: sysrq triggered crash'),
    [],
    'broken',
  ],
  [
    'the monitor sent an NMI',
    [good],
    new GuestPanic("the guest's kernel panicked: [ 7.7] Kernel panic - not syncing: NMI: Not continuing"),
    [],
    'broken',
  ],
] satisfies [string, Check[], unknown, KnownDeviation[], string][]) {
  test(`${what}: ${expected}`, (t) => {
    const {outcome, reason} = outcomeOf(checks, error, recorded);
    t.is(outcome, expected as typeof outcome);
    t.is(reason === '', expected === 'pass', `reason: ${reason}`);
  });
}

test('a failure says what was seen, what was expected, and after what', (t) => {
  t.is(outcomeOf([bad]).reason, 'zone: seen "Normal", expected "Movable" (after: plug)');
});

test('a known deviation is named at its check, with explanation and link', (t) => {
  const judged = outcomeOf([good, bad], undefined, [known]);
  t.deepEqual(
    judged.checks.map((check) => check.known),
    [undefined, 'k'],
  );
  t.deepEqual(judged.known, [{id: 'k', explanation: 'It is so.', link: 'docs/x.md'}]);
  t.deepEqual(judged.stale, []);
});

test("a recorded deviation that doesn't happen is stale, and the case passes", (t) => {
  const judged = outcomeOf([{...bad, actual: 'Movable', ok: true}], undefined, [known]);
  t.is(judged.outcome, 'pass');
  t.deepEqual(judged.stale, ['k']);
});

test('a long value is cut in the reason', (t) => {
  t.true(outcomeOf([{...bad, actual: 'x'.repeat(1000)}]).reason.length < 500);
});
