import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {buildOnce} from './build-once.ts';

const quiet = {what: 'a thing', log: (): void => undefined};

async function scratch(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  return dir;
}

test('builders at once build once, and all of them find it whole', async (t) => {
  const dir = await scratch(t);
  const target = join(dir, 'cache/thing');
  let builds = 0;
  await Promise.all(
    [1, 2, 3].map(async () => {
      await buildOnce(target, quiet, async (work) => {
        builds += 1;
        await writeFile(join(work, 'half'), '1');
        t.deepEqual(
          await readdir(join(dir, 'cache')).then((names) => names.includes('thing')),
          false,
          'nobody sees it before it is whole',
        );
        await writeFile(join(work, 'whole'), '2');
      });
      t.deepEqual(await readdir(target), ['half', 'whole']);
    }),
  );
  t.is(builds, 1);
});

test('what is there is not built again', async (t) => {
  const target = join(await scratch(t), 'thing');
  await mkdir(target);
  await buildOnce(target, quiet, () => {
    throw new Error('built again');
  });
  t.deepEqual(await readdir(target), []);
});

test('a build that fails leaves nothing, and the next one may try', async (t) => {
  const dir = await scratch(t);
  const target = join(dir, 'thing');
  await t.throwsAsync(
    buildOnce(target, quiet, () => Promise.reject(new Error('no space'))),
    {message: 'no space'},
  );
  t.deepEqual(await readdir(dir), []);
  await buildOnce(target, quiet, (work) => writeFile(join(work, 'file'), 'x'));
  t.deepEqual(await readdir(target), ['file']);
});

test('what killed builders left is removed, but not what another one is building', async (t) => {
  const dir = await scratch(t);
  await mkdir(join(dir, '.tmp-thing-00112233/part'), {recursive: true});
  await mkdir(join(dir, '.tmp-killed-00112233'));
  await buildOnce(join(dir, 'alive'), quiet, async () => {
    await buildOnce(join(dir, 'thing'), quiet, (work) => writeFile(join(work, 'file'), 'x'));
    t.deepEqual((await readdir(dir)).map((name) => name.replace(/-[0-9a-f]{8}$/, '')).sort(), [
      '.lock-alive',
      '.tmp-alive',
      'thing',
    ]);
  });
  t.deepEqual((await readdir(dir)).sort(), ['alive', 'thing']);
});

test('a builder that is killed blocks nobody for long', async (t) => {
  const dir = await scratch(t);
  const target = join(dir, 'thing');
  const script = `import {buildOnce} from ${JSON.stringify(new URL('build-once.ts', import.meta.url).href)};
    await buildOnce(${JSON.stringify(target)}, {what: 'x', log() {}}, () => process.kill(process.pid, 'SIGKILL'));`;
  await t.throwsAsync(
    promisify(execFile)(process.execPath, ['--import=tsx', '--input-type=module', '-e', script], {
      cwd: new URL('../..', import.meta.url),
    }),
  );
  t.true(
    (await readdir(dir)).some((name) => name.startsWith('.tmp-thing-')),
    'it was killed while it built',
  );
  const said: string[] = [];
  await buildOnce(target, {what: 'a thing', log: (line) => said.push(line)}, (work) =>
    writeFile(join(work, 'file'), 'new'),
  );
  t.is(await readFile(join(target, 'file'), 'utf8'), 'new');
  t.deepEqual(
    (await readdir(dir)).filter((name) => name !== 'thing'),
    [],
  );
  t.deepEqual(
    said,
    ['a thing: another memhp is making it (or was killed at it a moment ago); waiting'],
    'the lock of the dead is taken over when it is stale',
  );
});
