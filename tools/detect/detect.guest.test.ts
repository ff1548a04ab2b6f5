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
import {undetected, rowFor, strayed, runCasesOf, type RunCase} from './cases.ts';

// Before anything is declared: AVA starts a tick after the first declaration.
const all = await loadSuites();
const table = await readTable();

const out = mkdtempSync(join(tmpdir(), 'memhp-detected-'));
test.after.always('remove the run', () => rm(out, {recursive: true, force: true}));

const subjects: RunCase[] = [];

test.serial('a whole run of the default guest ends without a failure', async (t) => {
  t.timeout(60 * 60_000); // on an empty cache every boot config is booted first
  const {exitCode, stdout, stderr} = await execa(
    process.execPath,
    [join(root, 'lib/cli/bin.js'), 'run', '--out', out, '--json'],
    {reject: false, stdin: 'ignore'},
  );
  // also where a case fails: the tests below look at all others
  for await (const subject of runCasesOf(out)) subjects.push(subject);
  const records = await readRecords(out);
  const bad = records
    .filter(({outcome}) => outcome === 'fail' || outcome === 'broken')
    .map(({case: id, outcome, reason}) => `${id}: ${outcome}: ${reason}`);
  t.deepEqual(bad, []); // first, and short: what CI keeps of a long message is its beginning
  t.is(exitCode, 0, `${stdout}\n${stderr}`);
  t.is(records.length, all.length);
});

test.serial("a replay of each case's record gives the same checks and the same outcome", async (t) => {
  t.true(subjects.length > 0);
  const wrong: string[] = [];
  for (const subject of subjects) wrong.push(...(await strayed(subject)).map((one) => `${subject.entry.id}: ${one}`));
  t.deepEqual(wrong, []);
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
  async (t) => {
    t.timeout(40 * 60_000); // a search for another fault takes minutes for a case with long records
    t.true(subjects.length > 0);
    const wrong: string[] = [];
    for (const subject of subjects) {
      const row = table.get(subject.entry.id);
      const green = row ? await undetected(subject, row) : ['it is not in the table'];
      if (green.length === 0) continue;
      if (row) t.log(`${subject.entry.id}: another fault than the table names: ${green.join('; ')}`);
      wrong.push(
        ...(row ? await undetected(subject, await rowFor(subject, row)) : green).map(
          (one) => `${subject.entry.id}: ${one}`,
        ),
      );
    }
    t.deepEqual(wrong, [], 'npm run detect -- RUN-DIR writes the table');
  },
);
