import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test from 'ava';
import {UsageError} from '../util/errors.ts';
import {root} from '../util/paths.ts';
import {gaps, readClaims, trace} from './claims.ts';
import {loadSuites, selectCases} from './suites.ts';

const all = await loadSuites();

test('every claim has a case or a reason, and every case names claims that there are', async (t) => {
  t.deepEqual(gaps(trace(await readClaims(), all), all), []);
});

test('the untouched guest comes first, then the life of a memory device', (t) => {
  t.deepEqual([...new Set(all.map(({suite}) => suite))].slice(0, 5), [
    'defaults',
    'plug',
    'online',
    'offline',
    'unplug',
  ]);
});

test('cases are chosen by suite, id or glob; what names nothing is an error', (t) => {
  t.true(selectCases(all, ['unplug']).every(({suite}) => suite === 'unplug'));
  t.deepEqual(
    selectCases(all, ['plug/acpi']).map(({id}) => id),
    ['plug/acpi'],
  );
  t.true(selectCases(all, ['*/movable*']).length > 1);
  t.throws(() => selectCases(all, ['plug/nothing']), {message: /no case matches "plug\/nothing"/});
});

test('the suite defaults never writes a policy: it shows what the distribution does', async (t) => {
  const text = await readFile(join(root, 'suites', 'defaults.ts'), 'utf8');
  t.notRegex(text, /setPolicy|guest\.write|\.online\(|\.offline\(|ensureOffline|>\s*\/sys/);
});

for (const [what, text, message] of [
  [
    'a bad case id',
    "import {conformance} from 'CASE';\n\nconformance('Bad', {title: 'x', claims: ['a/b']}, async () => undefined);\n",
    /broken\.ts:3: case "Bad": its id is to be suite\/name/,
  ],
  [
    'a mistake at its top',
    'const nothing = undefined;\n\n\nnothing.go();\n',
    /broken\.ts:4: the suite can't be loaded: TypeError: /,
  ],
  ['no syntax', 'const = 3;\n', /broken\.ts(?::1)?: the suite can't be loaded: /],
] as const) {
  test(`a suite with ${what} is named with its line`, async (t) => {
    const dir = join(await mkdtemp(join(tmpdir(), 'memhp-test-')), 'suites');
    t.teardown(() => rm(dirname(dir), {recursive: true}));
    await mkdir(dir);
    // else it is CommonJS, with modules of its own
    await writeFile(join(dirname(dir), 'package.json'), '{"type": "module"}');
    await writeFile(join(dir, 'broken.ts'), text.replace('CASE', join(root, 'lib/conformance/runner/case.ts')));
    await t.throwsAsync(loadSuites(dir), {instanceOf: UsageError, message});
  });
}
