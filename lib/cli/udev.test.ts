import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {root} from '../util/paths.ts';

const dir = mkdtempSync(join(tmpdir(), 'memhp-lint-'));
const lint = async (...args: string[]) =>
  await execa('node', [join(root, 'lib/cli/bin.js'), 'udev', 'lint', ...args], {cwd: dir, reject: false});

test.before(() => {
  mkdirSync(join(dir, 'root/etc/tmpfiles.d'), {recursive: true});
  mkdirSync(join(dir, 'root/boot'));
  writeFileSync(join(dir, 'root/boot/config-6.1.0'), 'CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MEMORY_HOTREMOVE=y\n');
  writeFileSync(
    join(dir, 'root/etc/tmpfiles.d/mem.conf'),
    'w /sys/devices/system/memory/auto_online_blocks - - - - online\n',
  );
  writeFileSync(
    join(dir, 'good.rules'),
    'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"\n',
  );
  writeFileSync(join(dir, 'bad.rules'), 'ACTION=="add", \\\n  ATTR{state}=online\n');
  writeFileSync(join(dir, 'odd.rules'), Buffer.from([0x1b, 0x5b, 0x33, 0x31, 0x6d, 0xff, 0x00, 0x3d]));
});

test.after.always(() => {
  rmSync(dir, {recursive: true, force: true});
});

test('exit status 0 without errors, 1 with one, 2 where it can not be used', async (t) => {
  t.is((await lint('good.rules')).exitCode, 0);
  t.is((await lint('bad.rules')).exitCode, 1);
  for (const args of [
    [],
    ['gone.rules'],
    ['good.rules', '--virt', 'cloud'],
    ['good.rules', '--arch', 'z80'],
    ['good.rules', '--policy', 'maybe'],
    ['good.rules', '--verbose'],
  ]) {
    const {exitCode, stdout, stderr} = await lint(...args);
    t.deepEqual([exitCode, stdout], [2, ''], args.join(' '));
    t.not(stderr, '');
  }
});

test('a finding stands at its place in the file, also on a line that continues another, with a fix', async (t) => {
  const {stdout} = await lint('bad.rules');
  t.true(
    stdout.startsWith('bad.rules:2:15: error syntax/token the value is not quoted\n    fix: put it in double quotes\n'),
    stdout,
  );
});

test('for one guest, the answer is about that guest', async (t) => {
  const {stdout} = await lint('good.rules', '--virt', 'kvm', '--arch', 'x86_64', '--policy', 'offline', '--json');
  const {findings, effects} = JSON.parse(stdout) as {
    findings: {id: string; line: number; col: number}[];
    effects: unknown[];
  };
  t.deepEqual(
    findings.map(({id, line, col}) => `${id} ${line}:${col}`),
    ['memory/non-movable 1:61', 'memory/ignores-policy 1:61'],
  );
  t.like(effects, [{virt: 'kvm', arch: 'x86-64', policy: 'offline', outcome: ['online']}] as never);
  t.is(effects.length, 1);
});

test('what a file holds does not reach the terminal as it is', async (t) => {
  for (const args of [[], ['--json']]) {
    const {stdout, exitCode} = await lint('odd.rules', ...args);
    t.is(exitCode, 1);
    t.notRegex(stdout.replaceAll('\n', ''), /\p{Cc}/u);
  }
});

test('a root is answered in one sentence, and a fix is printed with its proof', async (t) => {
  const {stdout, exitCode} = await lint('root');
  t.is(exitCode, 0);
  t.is(
    stdout.split('\n')[0],
    'Plugged memory is used: the kernel onlines it (auto_online_blocks is online, by ' +
      "etc/tmpfiles.d/mem.conf:1) into Normal; it can be unplugged only while the kernel doesn't use it.",
  );
  const fixed = await lint('root', '--fix', '--want', 'movable');
  t.is(fixed.exitCode, 0);
  t.regex(fixed.stdout, /Write \/etc\/tmpfiles\.d\/00-plugged-memory\.conf:[^]*Proved: with this file laid over root/);
  const {answer} = JSON.parse((await lint('root', '--json', '--policy', 'online_movable')).stdout) as {
    answer: {plugged: {zone: string}[]};
  };
  t.deepEqual(
    answer.plugged.map(({zone}) => zone),
    ['Movable'],
  );
});

test('what can not be asked of a root is said, status 2', async (t) => {
  for (const args of [
    ['root', '--kernel-release', '5.0'],
    ['root', '--fix'],
    ['root', '--want', 'movable'],
    ['good.rules', '--fix', '--want', 'movable'],
    ['good.rules', '--kernel-release', '6.1.0'],
    ['root', '--fix', '--want', 'fast'],
  ]) {
    const {exitCode, stdout, stderr} = await lint(...args);
    t.deepEqual([exitCode, stdout], [2, ''], args.join(' '));
    t.regex(stderr, /^(memhp|error): /);
  }
});
