import test from 'ava';
import {fixtureHead, fixtureRecord} from '../results/fixtures.ts';
import type {Stored} from '../results/store.ts';
import {comparedText, sideBySide} from './hypervisors.ts';
import {renderMarkdown} from './markdown.ts';
import {viewOf, type View} from './view.ts';

const {cell} = fixtureRecord();
const inQemu = (version: string, changes: Partial<Stored>): Stored =>
  fixtureRecord({
    ...changes,
    cell: {...cell, id: `${cell.guest}.q35.tcg.qemu-${version}`, vmm: {name: 'qemu', version}},
  });
const view = (records: Stored[]): View =>
  viewOf({run: {...fixtureHead(records), cells: [], guests: [cell.guest]}, records, superseded: []}, '/out');
const run = view([
  inQemu('10.0.13', {case: 'plug/a', outcome: 'pass'}),
  inQemu('11.1.3', {case: 'plug/a', outcome: 'fail'}),
  inQemu('10.0.13', {case: 'plug/b', outcome: 'pass'}),
  inQemu('11.1.3', {case: 'plug/b', outcome: 'pass'}),
  inQemu('11.1.3', {case: 'plug/c', outcome: 'skip'}),
]);

test('a guest in two QEMUs has a column for each, named after it', (t) => {
  t.deepEqual(
    run.columns.map(({label}) => label),
    ['debian-11 QEMU 10.0.13', 'debian-11 QEMU 11.1.3'],
  );
});

test('a case that ended otherwise in another QEMU is a row; one that only one of them ran is not', (t) => {
  const [only, ...more] = sideBySide(run);
  t.deepEqual(more, []);
  t.deepEqual(
    only?.rows.map(({id, entries}) => [id, ...entries.map((entry) => entry?.record.outcome)]),
    [['plug/a', 'pass', 'fail']],
  );
  t.is(
    only && comparedText(only),
    'debian-11: of 2 cases that ran in more than one of debian-11 QEMU 10.0.13, debian-11 QEMU 11.1.3, ' +
      '1 did not end alike.',
  );
  t.regex(renderMarkdown(run), /## From one hypervisor to the next[\s\S]*`plug\/a` \| ✔ pass \| ✘ fail/);
});

test('a guest in one QEMU is not compared, and its column is the guest', (t) => {
  const one = view([fixtureRecord({case: 'plug/a'})]);
  t.deepEqual(sideBySide(one), []);
  t.deepEqual(
    one.columns.map(({label}) => label),
    ['debian-11'],
  );
  t.notRegex(renderMarkdown(one), /one hypervisor to the next/);
});
