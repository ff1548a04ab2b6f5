// The whole of the product on its default guest, and every check of every case seen to fail against what that run
// recorded.
import {mkdtempSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {readRecords} from '../../lib/results/store.ts';
import {loadSuites} from '../../lib/run/suites.ts';
import {root} from '../../lib/util/paths.ts';
import {readTable} from './table.ts';
import {openersOf} from './cases.ts';
import {checkCases} from './check.ts';
import type {CheckedCase} from './worker.ts';

// Before anything is declared: AVA starts a tick after the first declaration.
const all = await loadSuites();
const table = await readTable();

const out = mkdtempSync(join(tmpdir(), 'memhp-detected-'));
test.after.always('remove the run', () => rm(out, {recursive: true, force: true}));

const cases: CheckedCase[] = [];

test.serial('a whole run of the default guest ends without a failure', async (t) => {
  t.timeout(60 * 60_000); // on an empty cache every boot config is booted first
  const {exitCode, stdout, stderr} = await execa(
    process.execPath,
    [join(root, 'lib/cli/bin.js'), 'run', '--out', out, '--json'],
    {reject: false, stdin: 'ignore'},
  );
  const records = await readRecords(out);
  const bad = records
    .filter(({outcome}) => outcome === 'fail' || outcome === 'broken')
    .map(({case: id, outcome, reason}) => `${id}: ${outcome}: ${reason}`);
  t.deepEqual(bad, []); // first, and short: what CI keeps of a long message is its beginning
  t.is(exitCode, 0, `${stdout}\n${stderr}`);
  t.is(records.length, all.length);
});

test.serial("a replay of each case's record gives the same checks and the same outcome", async (t) => {
  t.timeout(40 * 60_000); // a search for another fault takes minutes for a case with long records
  const ids = (await openersOf(out)).map(({record}) => record.case); // also where a case fails: all others
  for await (const one of checkCases(out, ids, table, true)) cases.push(one);
  t.true(cases.length > 0);
  t.deepEqual(
    cases.flatMap(({case: id, strayed}) => strayed.map((one) => `${id}: ${one}`)),
    [],
  );
});

test.serial(
  'a sample of wrong observations, events and lists of devices in that run is seen, or explained',
  async (t) => {
    t.timeout(40 * 60_000); // at the lowest priority, on whatever the host has left
    const {exitCode, stdout, stderr} = await execa(
      process.execPath,
      [
        '--import=tsx',
        join(root, 'tools/mutate/main.ts'),
        '--sample',
        '2000',
        '--at',
        '*{observation,event *,query-memory-devices *,query-memory-size-summary *} #*',
        out,
      ],
      {cwd: root, reject: false, stdin: 'ignore'},
    );
    t.is(exitCode, 0, `${stdout}\n${stderr}`);
  },
);

test.serial(
  'each check of each case fails under the fault that tools/detect/detected.yaml names, or another one ' +
    'where the run is random',
  (t) => {
    t.true(cases.length > 0);
    for (const {case: id, green, wrong} of cases)
      if (green.length > 0 && wrong.length === 0)
        t.log(`${id}: another fault than the table names: ${green.join('; ')}`);
    t.deepEqual(
      cases.flatMap(({case: id, wrong}) => wrong.map((one) => `${id}: ${one}`)),
      [],
      'npm run detect -- RUN-DIR writes the table',
    );
  },
);
