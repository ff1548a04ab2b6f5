import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {root} from '../util/paths.ts';
import {gaps, readClaims, trace} from './claims.ts';
import {loadSuites, selectCases} from './suites.ts';

const all = await loadSuites();

test('every claim has a case or a reason, and every case names claims that there are', async (t) => {
  t.deepEqual(gaps(trace(await readClaims(), all), all), []);
});

test('the untouched guest comes first, then the life of a memory device', (t) => {
  t.deepEqual([...new Set(all.map(({suite}) => suite))].slice(0, 5), ['defaults', 'plug', 'online', 'offline', 'unplug']);
});

test('cases are chosen by suite, id or glob; what names nothing is an error', (t) => {
  t.true(selectCases(all, ['unplug']).every(({suite}) => suite === 'unplug'));
  t.deepEqual(selectCases(all, ['plug/acpi']).map(({id}) => id), ['plug/acpi']);
  t.true(selectCases(all, ['*/movable*']).length > 1);
  t.throws(() => selectCases(all, ['plug/nothing']), {message: /no case matches "plug\/nothing"/});
});

test('the suite defaults never writes a policy: it shows what the distribution does', async (t) => {
  const text = await readFile(join(root, 'suites', 'defaults.ts'), 'utf8');
  t.notRegex(text, /setPolicy|guest\.write|\.online\(|\.offline\(|ensureOffline|>\s*\/sys/);
});
