import test from 'ava';
import {loadSuites} from '../../lib/run/suites.ts';
import {fixture, recording} from '../replay/fixtures.ts';
import {faults} from '../replay/faults/mutants.ts';
import {mutantsOf} from './choose.ts';
import {mutate} from './mutate.ts';
import {Detector} from './detector.ts';
import {readMutantTable, ruleFinder, type MutantTable} from './table.ts';

const table = await readMutantTable();
const bare: MutantTable = {...table, equivalent: [], survivors: []};
const named = (fault: string, at: string, about = '') => {
  const found = [...mutantsOf(recording)].find((one) => one.fault === fault && one.at === at && one.about === about);
  if (!found) throw new Error(`no mutant ${fault} ${about} at ${at}`);
  return found;
};

test('whatever is wrong in what a case is told is seen, or explained', async (t) => {
  t.true([...mutantsOf(recording)].length > 1000);
  const {survivors} = await mutate(fixture, table, {sample: {count: 500, seed: '1'}});
  t.deepEqual(survivors, []);
});

test('a sample follows from its seed', (t) => {
  const names = (seed: string) =>
    [...mutantsOf(recording, {sample: {count: 20, seed}})].map(({fault, at, about}) => `${fault} ${at} ${about}`);
  t.deepEqual(names('7'), names('7'));
  t.notDeepEqual(names('7'), names('8'));
  t.is(names('7').length, 20);
});

test('a sample of another run of the case is the same, wherever both have the place', (t) => {
  const [last] = recording.entries.slice(-1);
  const shorter = {...recording, entries: recording.entries.slice(0, -1)};
  const names = (of: typeof recording) =>
    [...mutantsOf(of, {sample: {count: 200, seed: '7'}})]
      .filter(({at}) => at !== last?.label)
      .map(({fault, at, about}) => `${fault} ${at} ${about}`);
  const [whole, part] = [names(recording), names(shorter)];
  t.true(whole.length > 150);
  t.deepEqual(part.slice(0, whole.length), whole);
});

test('what is seen, and by what', async (t) => {
  const detector = await Detector.of(fixture);
  const detection = (fault: string, at: string, about = '') => detector.under(named(fault, at, about));
  t.is(await detection('memtotal-page', 'observation #3', 'MemTotal'), 'caught');
  t.is(await detection('event-twice', 'event DEVICE_DELETED #1'), 'caught');
  t.is(await detection('observation-cut', 'observation #2', 'last line'), 'caught');
  t.is(await detection('meminfo-off', 'observation #3', 'MemFree'), 'survived');
});

test('what means the same is counted and not injected', async (t) => {
  const {counts} = await mutate(fixture, bare, {sample: {count: 300, seed: '3'}});
  t.true((counts['meminfo-off']?.equivalent ?? 0) + (counts['meminfo-zero']?.equivalent ?? 0) > 0);
});

test('patterns name mutants by their parts', (t) => {
  const find = ruleFinder([
    {case: 'errors/*', fault: '{a,b}', at: 'work cat [x]*', about: '*', reason: ''},
    {case: '*', fault: 'a', at: '*', about: 'line 1', reason: ''},
  ]);
  t.is(find({case: 'errors/x', fault: 'b', at: 'work cat [x] #1', about: 'line 2'}), 0);
  t.is(find({case: 'plug/x', fault: 'a', at: 'observation #1', about: 'line 1'}), 1);
  t.is(find({case: 'plug/x', fault: 'a', at: 'observation #1', about: 'line 12'}), undefined);
  t.is(find({case: 'errors/x', fault: 'c', at: 'work cat [x] #1', about: ''}), undefined);
});

test('tools/mutate/mutants.yaml names faults and cases that there are', async (t) => {
  const cases = (await loadSuites()).map(({id}) => id);
  for (const {case: id, fault, reason} of [...table.equivalent, ...table.survivors]) {
    const find = ruleFinder([{case: id, fault, at: '*', about: '*', reason}]);
    t.true(
      faults.some((one) => cases.some((one_) => find({case: one_, fault: one.id, at: '', about: ''}) !== undefined)),
      `${fault} in ${id}`,
    );
  }
});
