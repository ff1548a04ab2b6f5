import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import {Broken} from './errors.ts';
import {lockFile} from './file-lock.ts';

async function scratch(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  return dir;
}

test('a lock is held by one, and free again when it is given back', async (t) => {
  const path = join(await scratch(t), 'lock');
  const first = await lockFile(path);
  t.truthy(first);
  t.is(await lockFile(path, {waitMs: 10}), undefined);
  await first?.release();
  const second = await lockFile(path, {waitMs: 10});
  t.truthy(second);
  await second?.release();
});

test('of many who ask at the same moment one gets it', async (t) => {
  const path = join(await scratch(t), 'lock');
  const locks = await Promise.all(Array.from({length: 12}, () => lockFile(path, {waitMs: 10})));
  t.is(locks.filter((lock) => lock !== undefined).length, 1);
  for (const lock of locks) await lock?.release();
});

test('those who share it hold it together, and keep everybody else out', async (t) => {
  const path = join(await scratch(t), 'lock');
  const readers = [await lockFile(path, {shared: true}), await lockFile(path, {shared: true})];
  t.is(readers.filter((lock) => lock !== undefined).length, 2);
  t.is(await lockFile(path, {waitMs: 10}), undefined);
  for (const lock of readers) await lock?.release();
  const writer = await lockFile(path, {waitMs: 10});
  t.is(await lockFile(path, {shared: true, waitMs: 10}), undefined);
  await writer?.release();
});

test('an owner that is killed holds nothing any more', async (t) => {
  const path = join(await scratch(t), 'lock');
  const script =
    `const {lockFile} = await import(${JSON.stringify(new URL('file-lock.ts', import.meta.url).href)}); ` +
    `console.log(await lockFile(process.argv[1]) ? 'locked' : 'held'); setInterval(() => {}, 1000);`;
  const owner = execa(process.execPath, ['--import=tsx', '--input-type=module', '-e', script, path], {
    reject: false,
    buffer: false,
  });
  const [line] = (await once(createInterface({input: owner.stdout}), 'line')) as [string];
  t.is(line, 'locked');
  t.is(await lockFile(path, {waitMs: 10}), undefined);
  owner.kill('SIGKILL');
  await owner;
  const lock = await lockFile(path);
  t.truthy(lock);
  await lock?.release();
});

test('a place that takes no lock is told', async (t) => {
  await t.throwsAsync(lockFile('/proc/memhp/lock'), {
    instanceOf: Broken,
    message: /^\/proc\/memhp\/lock: can't be locked: /,
  });
});
