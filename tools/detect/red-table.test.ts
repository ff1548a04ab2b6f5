import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {loadSuites} from '../../lib/run/suites.ts';
import {faults} from '../replay/faults/mutants.ts';
import {readTable, rowOf, writeTable} from './red-table.ts';

const place = {fault: 'block-state', at: 'observation #2', about: 'memory32', lasting: false};

test('tools/detect/red.yaml names faults of the catalogue', async (t) => {
  const known = new Set(faults.map(({id}) => id));
  for (const [id, {red}] of await readTable()) t.deepEqual(red.filter(({fault}) => !known.has(fault)), [], id);
});

test('each case has been seen red, or it is said why not', async (t) => {
  const table = await readTable();
  const lacking = (await loadSuites()).map(({id}) => id).filter((id) => {
    const {red = [], unseen = [], never = ''} = table.get(id) ?? {};
    return never === '' && (red.length + unseen.length === 0 || unseen.some(({reason}) => reason.trim() === ''));
  });
  t.deepEqual(lacking, []);
  const cases = new Set((await loadSuites()).map(({id}) => id));
  t.deepEqual([...table.keys()].filter((id) => !cases.has(id)), [], 'lines of cases that are no more');
});

test('a table is read as it was written, and reasons given by hand are kept', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  const file = join(dir, 'red.yaml');
  const row = rowOf('debian-13', {red: [{check: 'state', ...place}], unseen: ['size']}, {guest: '', red: [], unseen: [{check: 'size', reason: 'because'}]});
  await writeTable(new Map([['b/x', row], ['a/x', {guest: '', red: [], unseen: [], never: 'needs arm64'}]]), file);
  const table = await readTable(file);
  t.deepEqual([...table.keys()], ['a/x', 'b/x']);
  t.deepEqual(table.get('b/x'), {guest: 'debian-13', red: [{check: 'state', ...place}], unseen: [{check: 'size', reason: 'because'}]});
  t.is(table.get('a/x')?.never, 'needs arm64');
  t.true((await readFile(file, 'utf8')).startsWith('# '));
  await rm(dir, {recursive: true});
});
