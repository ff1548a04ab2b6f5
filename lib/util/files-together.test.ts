// File helpers when many use them at once, on disks that are full and in directories that go away.
import {existsSync} from 'node:fs';
import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import {makeDirectory, writeWhole} from './files.ts';
import {root} from './paths.ts';

const FIXTURE = join(root, 'lib/util/fixtures/write-many.ts');
const writeMany = [process.execPath, '--import=tsx', FIXTURE];

/** Two file systems, where the host has them. */
const PLACES = [tmpdir(), '/dev/shm'].filter((place) => existsSync(place));

async function scratch(t: ExecutionContext, place = tmpdir()): Promise<string> {
  const dir = await mkdtemp(join(place, 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  return dir;
}

const filesIn = async (dir: string): Promise<string[]> =>
  (await readdir(dir, {recursive: true, withFileTypes: true})).filter((entry) => entry.isFile()).map(({name}) => name);

for (const place of PLACES) {
  test(`200 writers into directories that nobody has made all write, twenty times: ${place}`, async (t) => {
    for (let round = 0; round < 20; round++) {
      const dir = join(await scratch(t, place), 'not/there');
      await Promise.all(
        Array.from({length: 200}, (_, i) => writeWhole(join(dir, `a${i % 7}/b${i % 5}/c${i % 3}/file${i}`), 'text')),
      );
      t.is((await filesIn(dir)).length, 200);
    }
  });

  test(`three processes that write there at once lose nothing: ${place}`, async (t) => {
    const dir = join(await scratch(t, place), 'not/there');
    const [command = '', ...args] = writeMany;
    const all = await Promise.all(Array.from({length: 3}, () => execa(command, [...args, dir, '200', '10'])));
    for (const {stdout} of all) t.deepEqual([...new Set(JSON.parse(stdout) as string[])], ['written']);
    t.is((await filesIn(dir)).length, 600);
  });
}

test('on a full disk each write says so or is whole, and no part is left', async (t) => {
  const dir = await scratch(t);
  // A file system of 256 KiB of its own: each file takes 4, so that not all of 200 fit.
  const script = `mount -t tmpfs -o size=256k none "$0" && "$@"; find "$0" -type f -size -4096c -o -name '*.part' >&2`;
  const {stdout, stderr} = await execa('unshare', [
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    script,
    dir,
    ...writeMany,
    dir,
    '200',
    '4096',
  ]);
  const results = JSON.parse(stdout) as string[];
  const refused = results.filter((result) => result !== 'written');
  t.true(refused.length > 100 && refused.length < 200, `${refused.length} of 200 were refused`);
  for (const result of refused) t.regex(result, /: can't be written: ENOSPC: /);
  t.is(stderr, '', 'files that are not whole, or parts');
});

test(
  'a directory that is removed meanwhile is an error that is told, or is made again; never a write that ' + 'got lost',
  async (t) => {
    const dir = join(await scratch(t), 'a');
    for (let round = 0; round < 200; round++) {
      const [written] = await Promise.allSettled([
        writeWhole(join(dir, 'b/c/file'), 'text'),
        rm(dir, {recursive: true, force: true}),
      ]);
      t.regex(
        written.status === 'rejected' ? String(written.reason) : 'written',
        /^written$|\/a\/b\/c\/file: can't be written: /,
      );
      await rm(dir, {recursive: true, force: true});
    }
  },
);

test('where a file system takes no directories there is an error, not a wait', async (t) => {
  await t.throwsAsync(makeDirectory('/proc/memhp/a/b'), {code: 'ENOENT'});
  await t.throwsAsync(makeDirectory('/dev/null/a'), {code: 'ENOTDIR'});
});
