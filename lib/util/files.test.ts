import {mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {Broken} from './errors.ts';
import {countIn, readIfThere, removeParts, writeWhole} from './files.ts';

async function scratch(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  return dir;
}

test('a file appears whole, with its directories and its mode', async (t) => {
  const dir = await scratch(t);
  await writeWhole(join(dir, 'a/b/file'), 'text', 0o600);
  t.is(await readFile(join(dir, 'a/b/file'), 'utf8'), 'text');
  t.is((await stat(join(dir, 'a/b/file'))).mode & 0o777, 0o600);
  t.deepEqual(await readdir(join(dir, 'a/b')), ['file']);
});

test('writers at once leave one whole file and nothing else', async (t) => {
  const dir = await scratch(t);
  const texts = Array.from({length: 20}, (_, i) => String(i).repeat(10_000));
  await Promise.all(texts.map((text) => writeWhole(join(dir, 'file'), text)));
  t.true(texts.includes(await readFile(join(dir, 'file'), 'utf8')));
  t.deepEqual(await readdir(dir), ['file']);
});

test('a failure leaves the old file and no part', async (t) => {
  const dir = await scratch(t);
  await writeFile(join(dir, 'file'), 'old');
  await t.throwsAsync(writeWhole(join(dir, 'file'), 7 as unknown as string));
  t.is(await readFile(join(dir, 'file'), 'utf8'), 'old');
  t.deepEqual(await readdir(dir), ['file']);
});

test('what the file system refuses is told with the path', async (t) => {
  const dir = await scratch(t);
  await writeFile(join(dir, 'file'), '');
  await t.throwsAsync(writeWhole(join(dir, 'file/below'), 'text'), {
    instanceOf: Broken,
    message: /\/file\/below: can't be written: ENOTDIR: /,
  });
});

test('what killed writers left is removed, and nothing else', async (t) => {
  const dir = await scratch(t);
  for (const name of ['record.json', 'record.json.00aabbcc.part', 'a.part'])
    await writeWhole(join(dir, 'below', name), '');
  await removeParts(dir);
  t.deepEqual((await readdir(join(dir, 'below'))).sort(), ['a.part', 'record.json']);
});

test('a missing file is undefined; another error is thrown', async (t) => {
  const dir = await scratch(t);
  t.is(await readIfThere(join(dir, 'none')), undefined);
  await t.throwsAsync(readIfThere(dir), {code: 'EISDIR'});
});

test(
  'a text is counted wherever it is, across the pieces that a file is read in, among bytes that ' + 'are no text',
  async (t) => {
    const dir = await scratch(t);
    const file = join(dir, 'file');
    const bytes = Buffer.alloc(3 * 2 ** 20, 0xff);
    for (const at of [0, 2 ** 20 - 2, 2 ** 20 + 2, 3 * 2 ** 20 - 4]) bytes.write('here', at);
    await writeFile(file, bytes);
    t.is(await countIn(file, 'here'), 4);
    t.is(await countIn(file, 'nowhere'), 0);
    await t.throwsAsync(countIn(file, ''), {instanceOf: RangeError});
  },
);
