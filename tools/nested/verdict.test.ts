import test from 'ava';
import {cells, fixtureHead, fixtureRecord} from '../../lib/results/fixtures.ts';
import type {Stored} from '../../lib/results/store.ts';
import {faultsOf} from './verdict.ts';

const [tcg] = cells;
if (!tcg) throw new Error('no fixtures');
const kvm = {...tcg, accel: 'kvm' as const};
const faults = (...records: Stored[]): string[] => faultsOf('x', {run: fixtureHead(records), records, superseded: []});

test('a run under KVM whose cases pass, or are skipped, is as it should be', (t) => {
  t.deepEqual(faults(fixtureRecord({cell: kvm}), fixtureRecord({cell: kvm, outcome: 'skip', reason: 'no bash'})), []);
});

test('a case on another accelerator is told, even if it passes', (t) => {
  t.deepEqual(faults(fixtureRecord({case: 'plug/dimm'}), fixtureRecord({cell: kvm})), ['x: plug/dimm ran under tcg']);
});

test('a case that failed or has no verdict is told with its reason', (t) => {
  const bad = (outcome: 'fail' | 'broken'): Stored => fixtureRecord({cell: kvm, case: 'a/b', outcome, reason: 'why'});
  t.deepEqual(faults(fixtureRecord({cell: kvm}), bad('fail'), bad('broken')), [
    'x: a/b: fail: why',
    'x: a/b: broken: why',
  ]);
});

test('a run in which nothing passed shows nothing', (t) => {
  t.deepEqual(faults(), ['x: no case passed']);
  t.deepEqual(faults(fixtureRecord({cell: kvm, outcome: 'skip'})), ['x: no case passed']);
});
