import test from 'ava';
import {fixtureHead, fixtureRecord, fixtureRun} from './fixtures.ts';
import type {Outcome} from './record.ts';
import {type Verdict, countOutcomes, exitStatus, summarize, verdictOf} from './summary.ts';

const judged = test.macro({
  exec: (t, outcomes: Outcome[], status: 0 | 1 | 3, verdict: Verdict) => {
    const counts = countOutcomes(outcomes.map((outcome) => ({outcome})));
    t.is(exitStatus(counts), status);
    t.is(verdictOf(counts), verdict);
  },
  title: (_, outcomes: Outcome[], status: 0 | 1 | 3, verdict: Verdict) =>
    `${outcomes.join(' ') || 'nothing'}: ${status}, ${verdict}`,
});

test(judged, ['pass', 'pass'], 0, 'pass');
test(judged, ['pass', 'skip'], 0, 'pass');
test(judged, ['pass', 'known', 'skip'], 0, 'known');
test(judged, ['pass', 'broken', 'known'], 3, 'incomplete');
test(judged, ['fail', 'broken', 'pass'], 1, 'fail');
test(judged, ['broken'], 3, 'no verdict');
test(judged, ['broken', 'skip'], 3, 'no verdict');
test(judged, ['skip'], 0, 'no verdict');
test(judged, [], 3, 'no verdict');

test('counts overall, per cell and per guest', (t) => {
  const {counts, cells, guests} = summarize(fixtureRun());
  t.deepEqual(counts, {pass: 24, fail: 1, skip: 1, known: 1, broken: 1});
  t.deepEqual(
    cells.map(({cell, verdict}) => `${cell.id} ${verdict}`),
    ['debian-11.q35.tcg known', 'debian-12.q35.tcg pass', 'debian-13.q35.tcg incomplete', 'debian-sid.q35.tcg fail'],
  );
  t.deepEqual(
    guests.map(({verdict}) => verdict),
    ['known', 'pass', 'incomplete', 'fail'],
  );
});

test('a cell without a record has no verdict', (t) => {
  const {cells} = summarize({run: fixtureHead([]), records: [fixtureRecord()], superseded: []});
  t.deepEqual(
    cells.map(({verdict}) => verdict),
    ['pass', 'no verdict', 'no verdict', 'no verdict'],
  );
});
