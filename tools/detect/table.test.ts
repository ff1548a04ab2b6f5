import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {loadSuites} from '../../lib/run/suites.ts';
import {faults} from '../replay/faults/mutants.ts';
import {readTable, rowOf, writeTable} from './table.ts';

const place = {fault: 'block-state', at: 'observation #2', about: 'memory32', lasting: false};

test('tools/detect/detected.yaml names faults of the catalogue', async (t) => {
  const known = new Set(faults.map(({id}) => id));
  for (const [id, {detected}] of await readTable())
    t.deepEqual(
      detected.filter(({fault}) => !known.has(fault)),
      [],
      id,
    );
});

test('each case has been seen to fail, or it is said why not', async (t) => {
  const table = await readTable();
  const lacking = (await loadSuites())
    .map(({id}) => id)
    .filter((id) => {
      const {detected = [], undetected = [], never = ''} = table.get(id) ?? {};
      return (
        never === '' &&
        (detected.length + undetected.length === 0 || undetected.some(({reason}) => reason.trim() === ''))
      );
    });
  t.deepEqual(lacking, []);
  const cases = new Set((await loadSuites()).map(({id}) => id));
  t.deepEqual(
    [...table.keys()].filter((id) => !cases.has(id)),
    [],
    'lines of cases that are no more',
  );
});

test('a table is read as it was written, and reasons given by hand are kept', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  const file = join(dir, 'detected.yaml');
  const row = rowOf(
    'debian-13',
    {detected: [{check: 'state', ...place}], undetected: ['size']},
    {guest: '', detected: [], undetected: [{check: 'size', reason: 'because'}]},
  );
  await writeTable(
    new Map([
      ['b/x', row],
      ['a/x', {guest: '', detected: [], undetected: [], never: 'needs arm64'}],
    ]),
    file,
  );
  const table = await readTable(file);
  t.deepEqual([...table.keys()], ['a/x', 'b/x']);
  t.deepEqual(table.get('b/x'), {
    guest: 'debian-13',
    detected: [{check: 'state', ...place}],
    undetected: [{check: 'size', reason: 'because'}],
  });
  t.is(table.get('a/x')?.never, 'needs arm64');
  t.true((await readFile(file, 'utf8')).startsWith('# '));
  await rm(dir, {recursive: true});
});
