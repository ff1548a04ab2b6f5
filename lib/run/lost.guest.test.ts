// No verdict goes missing: what fails outside of a case is in the records, with its own words, and on stderr.
import {mkdtempSync} from 'node:fs';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import {ensureImage} from '../image/ensure.ts';
import {directBoot} from '../image/image.ts';
import {defaultGuest, loadManifest} from '../image/manifest.ts';
import {loadRun, readRecords} from '../results/store.ts';
import {cacheDir, root} from '../util/paths.ts';
import {serve} from './guest-script.ts';

const scratch = mkdtempSync(join(tmpdir(), 'memhp-test-'));
test.after.always('remove the scratch directory', () => rm(scratch, {recursive: true, force: true}));

let kernel = '';
test.before('the default guest brings its kernel', async () => {
  const options = {cache: cacheDir(), serve, log: console.error};
  ({kernel} = directBoot(await ensureImage(await loadManifest(defaultGuest()), options)));
});

const CASES = ['online/movable', 'offline/state'];
const CELL = 'micro.q35.tcg';

/** A run of two cases on the kernel alone; all of them share one frozen guest. */
const memhp = (
  out: string,
  env: NodeJS.ProcessEnv = {},
  args: readonly string[] = ['run', ...CASES, '--kernel', kernel, '--accel', 'tcg', '--out', out],
) =>
  execa(process.execPath, [join(root, 'lib/cli/bin.js'), ...args], {
    env: {MEMHP_CACHE: join(scratch, 'cache'), ...env},
    reject: false,
    timeout: 600_000,
    stdin: 'ignore',
  });

/** Each case is broken for that reason: in its record, in the report, and on stderr. */
async function allBroken(
  t: ExecutionContext,
  {exitCode, stderr}: {exitCode?: number | undefined; stderr: string},
  out: string,
  reason: RegExp,
): Promise<void> {
  t.is(exitCode, 3, stderr);
  const records = await readRecords(out);
  t.deepEqual(records.map(({case: id, outcome}) => [id, outcome]).sort(), CASES.map((id) => [id, 'broken']).sort());
  for (const one of records) t.regex(one.reason, reason);
  t.regex(stderr, reason);
}

/** Code that each process of a run loads before its own. */
async function preload(name: string, code: string): Promise<NodeJS.ProcessEnv> {
  const file = join(scratch, `${name}.mjs`);
  await writeFile(file, code);
  return {NODE_OPTIONS: `--import=${file}`};
}
const IN_WORKER = "process.argv[1]?.includes('worker') && process.env.MEMHP_PLAN";

test.serial("evidence that can't be written", async (t) => {
  const out = join(scratch, 'evidence');
  await mkdir(join(out, 'evidence'), {recursive: true});
  await writeFile(join(out, 'evidence', CELL), 'in the way');
  await allBroken(t, await memhp(out), out, /the harness failed: ENOTDIR.*evidence\/micro\.q35\.tcg/);
});

test.serial("records that can't be written: the run says so, and has no report that looks whole", async (t) => {
  const out = join(scratch, 'records');
  await mkdir(join(out, 'records'), {recursive: true});
  await writeFile(join(out, 'records', CELL), 'in the way');
  const {exitCode, stderr} = await memhp(out);
  t.is(exitCode, 3, stderr);
  t.regex(
    stderr,
    /broken micro\.q35\.tcg online\/movable .*records\/micro\.q35\.tcg\/online__movable\.json: can't be written: ENOTDIR/,
  );
  t.regex(stderr, /micro\.q35\.tcg online\/movable came to no end: .*can't be written: ENOTDIR/);
  t.regex(stderr, /^memhp: .*can't be written/m);
});

test.serial("a report that can't be written leaves the records", async (t) => {
  const out = join(scratch, 'report');
  await mkdir(join(out, 'report.md', 'in the way'), {recursive: true});
  const {exitCode, stderr} = await memhp(out);
  t.is(exitCode, 3, stderr);
  t.regex(stderr, /report\.md: can't be written: EISDIR/);
  t.deepEqual(
    (await readRecords(out)).map(({outcome}) => outcome),
    ['pass', 'pass'],
  );
});

test.serial('an exception beside the cases: a promise that nobody waits for', async (t) => {
  const out = join(scratch, 'rejection');
  const env = await preload(
    'rejection',
    `if (${IN_WORKER}) setTimeout(() => void Promise.reject(new Error('an injected rejection')), 1500);`,
  );
  const {exitCode, stderr, stdout} = await memhp(out, env);
  t.is(exitCode, 3, stderr);
  t.regex(stderr, /an injected rejection/);
  t.regex(stdout, /beside the cases\n.*an injected rejection/);
  const {run, records} = await loadRun(out);
  t.regex(run.trouble?.join('\n') ?? '', /an injected rejection/);
  t.is(records.length, CASES.length);
  for (const {outcome, reason} of records) if (outcome !== 'pass') t.regex(reason, /an injected rejection/);
});

test.serial('an exception before the first case', async (t) => {
  const out = join(scratch, 'import');
  const env = await preload('import', `if (${IN_WORKER}) throw new Error('an injected exception');`);
  await allBroken(t, await memhp(out, env), out, /an injected exception/);
});

test.serial('an exception of the test runner while the guests still boot', async (t) => {
  const out = join(scratch, 'booting');
  const env = await preload('booting', `if (${IN_WORKER}) throw new Error('an early exception');`);
  const own = ['--append', 'memhp.test=booting']; // nobody has booted that yet
  const args = ['run', ...CASES, '--kernel', kernel, '--accel', 'tcg', '--out', out, ...own];
  await allBroken(t, await memhp(out, env, args), out, /an early exception/);
});

test.serial("a plan that can't be read", async (t) => {
  const out = join(scratch, 'plan');
  const env = await preload(
    'plan',
    `if (${IN_WORKER}) { const parse = JSON.parse; JSON.parse = (text, ...rest) => { if ` +
      (`(String(text).includes('"patience"')) throw new SyntaxError('an injected bad plan'); return ` +
        `parse(text, ...rest); }; }`),
  );
  await allBroken(t, await memhp(out, env), out, /an injected bad plan/);
});

test.serial('of three runs in one directory one runs, and the others are told who does', async (t) => {
  const out = join(scratch, 'same');
  const [first, ...others] = (await Promise.all([memhp(out), memhp(out), memhp(out)])).sort(
    (a, b) => (a.exitCode ?? 9) - (b.exitCode ?? 9),
  );
  t.is(first.exitCode, 0, first.stderr);
  for (const {exitCode, stderr} of others) {
    t.is(exitCode, 2, stderr);
    t.regex(stderr, /is in use by another memhp(?:: process \d+ on \S+, since \d{4}-.*Z|, which has not)/);
  }
  t.deepEqual(
    (await readRecords(out)).map(({outcome}) => outcome),
    ['pass', 'pass'],
  );
});

test.serial('an owner that was killed blocks nobody', async (t) => {
  const out = join(scratch, 'killed');
  const child = memhp(out);
  while ((await readRecords(out).catch(() => [])).length === 0 && child.exitCode === null) await delay(20);
  child.kill('SIGKILL');
  await child;
  const {exitCode, stderr} = await memhp(out);
  t.is(exitCode, 0, stderr);
});

test.serial('three runs on an empty cache share one boot; what they use is not cleaned away', async (t) => {
  const env = {MEMHP_CACHE: join(scratch, 'cold')};
  const outs = [1, 2, 3].map((i) => join(scratch, `cold-${i}`));
  const runs = outs.map((out) => memhp(out, env));
  const clean = async (): Promise<{exitCode?: number | undefined; stderr: string}> =>
    await memhp('', env, ['clean', '--all']);
  while (!(await clean()).stderr.includes('is in use by') && runs.some((run) => run.exitCode === null)) await delay(50);
  const refused = await clean();
  t.is(refused.exitCode, 2);
  t.regex(refused.stderr, /the cache is in use by memhp \(process \d+(?:, \d+)*\); nothing was removed/);
  const ended = await Promise.all(runs);
  for (const {exitCode, stderr} of ended) t.is(exitCode, 0, stderr);
  t.is(ended.flatMap(({stderr}) => stderr.match(/q35: booting it once/g) ?? []).length, 1, 'boots of all three');
  for (const out of outs)
    t.deepEqual(
      (await readRecords(out)).map(({outcome}) => outcome),
      ['pass', 'pass'],
    );
  t.is((await clean()).exitCode, 0);
  t.is((await memhp(join(scratch, 'after-clean'), env)).exitCode, 0);
});
