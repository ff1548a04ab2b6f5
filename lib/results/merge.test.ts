import test from 'ava';
import {fixtureHead, fixtureRecord} from './fixtures.ts';
import type {Run} from './record.ts';
import {mergeRuns} from './merge.ts';
import type {LoadedRun, Stored} from './store.ts';

const early = '2026-03-14T09:00:00.000Z';
const late = '2026-03-15T09:00:00.000Z';

const runOf = (records: Stored[], head: Partial<Run> = {}): LoadedRun => ({
  run: {...fixtureHead(records), ...head},
  records,
  superseded: [],
});

test('shards become one run', (t) => {
  const a = runOf([fixtureRecord({case: 'plug/a'})], {guests: ['debian-11'], startedAt: late});
  const b = runOf([fixtureRecord({case: 'plug/b'})], {guests: ['debian-12'], startedAt: early, memhp: '0.0.9'});
  const {run, records, superseded} = mergeRuns([a, b]);
  t.deepEqual(
    records.map((record) => record.case),
    ['plug/a', 'plug/b'],
  );
  t.deepEqual([run.guests, run.startedAt, run.memhp], [['debian-11', 'debian-12'], early, '0.0.9, 0.1.0']);
  t.is(run.planned.length, 2);
  t.deepEqual(superseded, []);
});

for (const order of ['in order', 'in reverse']) {
  test(`the later record wins and the other is listed, ${order}`, (t) => {
    const old = runOf([fixtureRecord({startedAt: early, outcome: 'pass'})]);
    const young = runOf([fixtureRecord({startedAt: late, outcome: 'fail'})]);
    const merged = mergeRuns(order === 'in order' ? [old, young] : [young, old]);
    t.deepEqual(
      merged.records.map((record) => record.outcome),
      ['fail'],
    );
    t.deepEqual(
      merged.superseded.map((record) => record.outcome),
      ['pass'],
    );
  });
}

test('a gap never replaces a record', (t) => {
  const ended = runOf([fixtureRecord({startedAt: early})]);
  const cut = runOf([fixtureRecord({startedAt: late, outcome: 'broken', missing: true})]);
  t.deepEqual(
    mergeRuns([ended, cut]).records.map((record) => record.outcome),
    ['pass'],
  );
  t.deepEqual(
    mergeRuns([cut, ended]).records.map((record) => record.outcome),
    ['pass'],
  );
});

test('a head that knows the kernel is preferred, and the order of the cells stays', (t) => {
  const [first, second] = fixtureHead([]).cells;
  if (!first || !second) throw new Error('no cells');
  const never = {...first, kernel: ''};
  const merged = mergeRuns([runOf([], {cells: [never, second]}), runOf([], {cells: [second, first], startedAt: late})]);
  t.deepEqual(merged.run.cells, [first, second]);
});

test('nothing to merge', (t) => {
  t.throws(() => mergeRuns([]), {name: 'UsageError'});
});
