import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {GuestPanic} from '../console/console.ts';
import type {Shell} from '../shell/shell.ts';
import {Broken} from '../util/errors.ts';
import {bootAgain, refuseSecondUdevd, SlowBoot, UDEVDS, withConsole} from './slow-boot.ts';

const answering = (stdout: string, status = 0): Shell => ({
  kind: 'port',
  run: () => Promise.resolve({status, stdout, stderr: ''}),
  close: () => undefined,
});

test('udevds of init are counted, their workers and others are not', async (t) => {
  const proc = await mkdtemp(join(tmpdir(), 'memhp-proc-'));
  t.teardown(() => rm(proc, {recursive: true}));
  const stats = {
    1: '1 (systemd) S 0 1',
    7: '7 (systemd-udevd) S 1 7',
    8: '8 (systemd-udevd) R 7 7',
    9: '9 (systemd-udevd) S 1 9',
    12: '12 (cat) R 1 12',
    15: '15 (systemd-udevd) S 15 1',
  };
  for (const [pid, line] of Object.entries(stats)) {
    await mkdir(join(proc, pid));
    await writeFile(join(proc, pid, 'stat'), `${line} 0 0\n`);
  }
  await mkdir(join(proc, '99')); // a process that has ended since
  t.is((await execa('sh', ['-c', UDEVDS.replaceAll('/proc', proc)])).stdout, '2');
});

test('a second udevd is a slow boot; an answer that is no number is not taken for none', async (t) => {
  await t.notThrowsAsync(refuseSecondUdevd(answering('1\n'), 1000));
  await t.notThrowsAsync(refuseSecondUdevd(answering('0\n'), 1000), 'a guest without udevd');
  await t.throwsAsync(refuseSecondUdevd(answering('2\n'), 1000), {instanceOf: SlowBoot, message: /2 udevds/});
  for (const shell of [answering(''), answering('1\n', 1), answering('no\n')])
    await t.throwsAsync(refuseSecondUdevd(shell, 1000), {name: 'Broken', message: /can't be counted/});
});

const attempts = async (
  errors: readonly Error[],
  signal?: AbortSignal,
): Promise<{boots: number; logged: string[]; error: unknown}> => {
  const seen = {boots: 0, logged: [] as string[], error: undefined as unknown};
  const boot = (): Promise<void> => {
    const error = errors[seen.boots++];
    return error ? Promise.reject(error) : Promise.resolve();
  };
  await bootAgain(boot, {what: 'toy', log: (line) => void seen.logged.push(line), signal}).catch((error: unknown) => {
    seen.error = error;
  });
  return seen;
};

test('what only chance explains is booted again, at most twice, and it is said', async (t) => {
  const [slow, panic] = [new SlowBoot('two udevds'), new GuestPanic('Oops')];
  t.deepEqual(await attempts([slow, panic]), {
    boots: 3,
    logged: ['toy: two udevds; booting again', 'toy: Oops; booting again'],
    error: undefined,
  });
  t.deepEqual(await attempts([slow, slow, slow]), {
    boots: 3,
    logged: ['toy: two udevds; booting again', 'toy: two udevds; booting again'],
    error: slow,
  });
});

test('everything else repeats itself, and is booted once; so is what was interrupted', async (t) => {
  const broken = new Broken('no init');
  t.deepEqual(await attempts([broken]), {boots: 1, logged: [], error: broken});
  t.is((await attempts([new SlowBoot('two udevds')], AbortSignal.abort())).boots, 1);
});

test("an error keeps its kind when the console's last lines come to it", (t) => {
  for (const error of [new SlowBoot('x'), new GuestPanic('x'), new Broken('x')]) {
    const told = withConsole(error, 'last words');
    t.is(told.name, error.name);
    t.regex(told.message, /x\nthe console's last lines:\nlast words/);
  }
  t.regex(withConsole(new Error('x'), '').message, /it said nothing/);
});
