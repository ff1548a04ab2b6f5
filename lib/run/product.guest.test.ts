// The product as its users run it: the command line in a process of its own, real guests, and the plug pulled.
import {mkdtempSync} from 'node:fs';
import {readFile, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {execa} from 'execa';
import {ensureImage} from '../image/ensure.ts';
import {directBoot} from '../image/image.ts';
import {defaultGuest, loadManifest} from '../image/manifest.ts';
import {readRecords} from '../results/store.ts';
import {cacheDir, root} from '../util/paths.ts';
import {serve} from './guest-script.ts';

const scratch = mkdtempSync(join(tmpdir(), 'memhp-test-'));
test.after.always('remove the scratch directory', () => rm(scratch, {recursive: true, force: true}));

/** The kernel of the default guest, booted with a generated initramfs: seconds instead of a distribution. */
let kernel = '';
test.before('the default guest brings its kernel', async () => {
  const options = {cache: cacheDir(), serve, log: console.error};
  ({kernel} = directBoot(await ensureImage(await loadManifest(defaultGuest()), options)));
});

/**
 * The command line in a process, with a cache of its own where nothing else is asked for: its QEMUs are known by that.
 */
const memhp = (args: readonly string[], options: {cache?: string} = {}) =>
  execa(process.execPath, [join(root, 'lib/cli/bin.js'), ...args], {
    env: {MEMHP_CACHE: options.cache ?? join(scratch, 'cache')},
    reject: false,
    timeout: 900_000,
    stdin: 'ignore',
  });

/** QEMUs that work on our scratch directory. */
const qemus = async (): Promise<string[]> =>
  (await execa('pgrep', ['-af', `^[^ ]*qemu-system.*${scratch}`], {reject: false})).stdout.split('\n').filter(Boolean);

/** Waits until a condition holds while memhp runs; the deadline is the test's. Throws where memhp ends before it. */
async function until(child: ReturnType<typeof memhp> | undefined, condition: () => Promise<boolean>): Promise<void> {
  let ended: string | undefined;
  child?.then(
    ({exitCode, stderr}) => {
      ended = `memhp ended with ${exitCode ?? 'a signal'} before that: ${stderr}`;
    },
    () => undefined,
  );
  while (!(await condition())) {
    if (ended !== undefined) throw new Error(ended);
    await delay(50);
  }
}

test('a kernel alone answers, without any distribution image', async (t) => {
  const out = join(scratch, 'kernel');
  const {exitCode, stdout, stderr} = await memhp([
    'run',
    'online/movable',
    'offline/state',
    '--kernel',
    kernel,
    '--out',
    out,
    '--json',
  ]);
  t.is(exitCode, 0, `${stdout}\n${stderr}`);
  const summary = JSON.parse(stdout) as {out: string; counts: Record<string, number>; cells: {kernel: string}[]};
  t.deepEqual(summary.counts, {pass: 2, fail: 0, skip: 0, known: 0, broken: 0});
  for (const file of ['report.md', 'index.html', 'junit.xml', 'compat.json', 'run.json'])
    t.true((await stat(join(out, file))).size > 100, file);
  t.deepEqual(await qemus(), []);
});

test("a guest that panics while it boots is broken, with the console's last lines", async (t) => {
  const {exitCode, stdout} = await memhp([
    'run',
    'online/movable',
    '--kernel',
    kernel,
    '--append',
    'rdinit=/nowhere',
    '--out',
    join(scratch, 'panics'),
  ]);
  t.is(exitCode, 3);
  t.regex(stdout, /did not come up: the guest's kernel panicked: .*Kernel panic/);
  t.regex(stdout, /the console's last lines:/);
});

test('a guest that never comes up is broken at its deadline', async (t) => {
  const start = Date.now();
  const {exitCode, stdout} = await memhp([
    'run',
    'online/movable',
    '--kernel',
    kernel,
    '--append',
    'rdinit=/bin/busybox -- sleep 100000',
    '--boot-timeout',
    '40',
    '--out',
    join(scratch, 'hangs'),
  ]);
  t.is(exitCode, 3);
  t.regex(stdout, /not within 40\.0 s/);
  t.regex(stdout, /Run \/bin\/busybox as init process/, 'the console tells how far it came');
  t.true(Date.now() - start < 120_000);
  t.deepEqual(await qemus(), []);
});

test('a guest whose ssh never answers is broken at its deadline', async (t) => {
  const {exitCode, stdout} = await memhp(
    [
      'run',
      'online/movable',
      '--append',
      'systemd.mask=ssh.service systemd.mask=ssh.socket',
      '--boot-timeout',
      '60',
      '--out',
      join(scratch, 'mute'),
    ],
    {cache: cacheDir()},
  );
  t.is(exitCode, 3);
  t.regex(stdout, /ssh to the guest: not within 60\.0 s.*the last attempt: /);
  t.regex(stdout, /the console's last lines:/);
});

test('the untouched default guest does what its table says, and its recorded deviation is known', async (t) => {
  const out = join(scratch, 'default');
  const {exitCode, stdout, stderr} = await memhp(
    ['run', 'defaults', 'unplug/refused-rolls-back', '--out', out, '--json'],
    {cache: cacheDir()},
  );
  t.is(exitCode, 0, `${stdout}\n${stderr}`);
  const {counts} = JSON.parse(stdout) as {counts: Record<string, number>};
  t.deepEqual(counts, {pass: 3, fail: 0, skip: 0, known: 1, broken: 0});
  const facts = Object.assign({}, ...(await readRecords(out)).map((record) => record.facts)) as Record<string, unknown>;
  t.like(facts, {policy: 'online', onlinedBy: 'kernel', zone: 'Normal'});
});

for (const name of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
  test(`${name} in the middle of a run leaves nothing behind, and the run goes on where it was`, async (t) => {
    const out = join(scratch, name);
    const args = ['run', 'online', '--kernel', kernel, '--out', out, '--json'];
    const child = memhp(args);
    await until(child, async () => (await readRecords(out)).length >= 2 && (await qemus()).length > 0);
    child.kill(name);
    const cut = await child;
    t.not(cut.exitCode, 0);
    await until(undefined, async () => (await qemus()).length === 0);
    const before = (await readRecords(out)).filter(({unfinished}) => unfinished !== true);
    t.true(before.length >= 2);
    if (name !== 'SIGKILL')
      t.regex(
        await readFile(join(out, 'report.md'), 'utf8'),
        new RegExp(`interrupted by ${name} before this case ended`),
      );
    const again = await memhp(args);
    t.is(again.exitCode, 0, again.stdout);
    t.regex(again.stderr, new RegExp(`${before.length} cases are finished already`));
    const counts = (JSON.parse(again.stdout) as {counts: Record<string, number>}).counts;
    t.is(counts['broken'], 0);
    const after = await readRecords(out);
    for (const old of before)
      t.is(after.find((one) => one.case === old.case)?.startedAt, old.startedAt, `${old.case} was not run again`);
  });
}

test('a killed test runner leaves no QEMU', async (t) => {
  const out = join(scratch, 'runner');
  const child = memhp(['run', 'online', '--kernel', kernel, '--out', out]);
  await until(child, async () => (await readRecords(out)).length >= 1 && (await qemus()).length > 0);
  await execa('pkill', ['-KILL', '-P', String(child.pid), '-f', 'ava/entrypoints']);
  const {exitCode, stdout} = await child;
  t.is(exitCode, 3, 'the rest has no verdict');
  t.regex(stdout, /the test runner came to no good end before this case did|ended .*SIGKILL/);
  t.deepEqual(await qemus(), []);
});

test('a QEMU that is killed leaves its case broken, and only that', async (t) => {
  const out = join(scratch, 'qemu');
  const child = memhp(['run', 'online', '--kernel', kernel, '--out', out, '--jobs', '1']);
  await until(child, async () => (await readRecords(out)).length >= 1 && (await qemus()).length === 1);
  const [victim = ''] = await qemus();
  process.kill(Number(victim.split(' ')[0]), 'SIGKILL');
  const {exitCode} = await child;
  t.is(exitCode, 3);
  const broken = (await readRecords(out)).filter(({outcome}) => outcome === 'broken');
  t.is(broken.length, 1);
  t.regex(broken[0]?.reason ?? '', /QEMU ended \(SIGKILL\)/);
});
