import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {root} from '../util/paths.ts';

const dir = mkdtempSync(join(tmpdir(), 'memhp-lint-'));
const lint = async (...args: string[]) => await execa('node', [join(root, 'lib/cli/bin.js'), 'udev', 'lint', ...args], {cwd: dir, reject: false});

test.before(() => {
  writeFileSync(join(dir, 'good.rules'), 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"\n');
  writeFileSync(join(dir, 'bad.rules'), 'ACTION=="add", \\\n  ATTR{state}=online\n');
  writeFileSync(join(dir, 'odd.rules'), Buffer.from([0x1b, 0x5b, 0x33, 0x31, 0x6d, 0xff, 0x00, 0x3d]));
});

test.after.always(() => {
  rmSync(dir, {recursive: true, force: true});
});

test('exit status 0 without errors, 1 with one, 2 where it can not be used', async (t) => {
  t.is((await lint('good.rules')).exitCode, 0);
  t.is((await lint('bad.rules')).exitCode, 1);
  for (const args of [[], ['gone.rules'], ['good.rules', '--virt', 'cloud'], ['good.rules', '--arch', 'z80'], ['good.rules', '--policy', 'maybe'], ['good.rules', '--verbose']]) {
    const {exitCode, stdout, stderr} = await lint(...args);
    t.deepEqual([exitCode, stdout], [2, ''], args.join(' '));
    t.not(stderr, '');
  }
});

test('a finding stands at its place in the file, also on a line that continues another, with a fix', async (t) => {
  const {stdout} = await lint('bad.rules');
  t.true(stdout.startsWith('bad.rules:2:15: error syntax/token the value is not quoted\n    fix: put it in double quotes\n'), stdout);
});

test('for one guest, the answer is about that guest', async (t) => {
  const {stdout} = await lint('good.rules', '--virt', 'kvm', '--arch', 'x86_64', '--policy', 'offline', '--json');
  const {findings, effects} = JSON.parse(stdout) as {findings: {id: string; line: number; col: number}[]; effects: unknown[]};
  t.deepEqual(findings.map(({id, line, col}) => `${id} ${line}:${col}`), ['memory/non-movable 1:61', 'memory/ignores-policy 1:61']);
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
