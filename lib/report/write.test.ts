import {mkdtemp, readFile, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {fixtureRun} from '../results/fixtures.ts';
import {compat} from './compat.ts';
import {writeChunks} from './chunks.ts';
import {writePublished, writeReports} from './write.ts';

async function scratch(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-report-'));
  t.teardown(() => rm(dir, {recursive: true}));
  return dir;
}

test('every format is written, and nothing else is left', async (t) => {
  const dir = await scratch(t);
  const {files} = await writeReports(fixtureRun(), dir);
  t.deepEqual(
    files,
    ['report.md', 'index.html', 'junit.xml', 'compat.json'].map((name) => join(dir, name)),
  );
  t.deepEqual((await readdir(dir)).sort(), ['compat.json', 'index.html', 'junit.xml', 'report.md']);
  t.is(compat.parse(JSON.parse(await readFile(join(dir, 'compat.json'), 'utf8'))).guests.length, 4);
});

test('the same records make the same report', async (t) => {
  const [a, b] = [await scratch(t), await scratch(t)];
  const text = async (dir: string, name: string): Promise<string> => {
    await writeReports(fixtureRun({runDir: dir}), dir);
    return readFile(join(dir, name), 'utf8');
  };
  for (const name of ['report.md', 'index.html', 'junit.xml', 'compat.json'])
    t.is(await text(a, name), await text(b, name));
});

test('the published table says who wrote it, when and with what, and not where', async (t) => {
  const dir = await scratch(t);
  await writePublished(fixtureRun({runDir: '/home/somebody/run'}), dir);
  const text = await readFile(join(dir, 'README.md'), 'utf8');
  t.regex(
    text,
    /Written by the harness, not by hand: memhp 0\.1\.0, QEMU 7\.2\.22 \(tcg\), run of 2026-03-14 09:00 UTC/,
  );
  t.regex(text, /\| debian-13 \| 6\.12\.63-amd64 \| online \(config: y\) \| kernel \| Normal \| 84 ms \|/);
  t.notRegex(text + (await readFile(join(dir, 'compat.json'), 'utf8')), /somebody|Example CPU/);
});

test('pieces that end in an error leave the old file and no part', async (t) => {
  const dir = await scratch(t);
  await writeChunks(join(dir, 'page'), ['old']);
  function* broken(): Generator<string> {
    yield 'x'.repeat(300_000);
    throw new Error('no more');
  }
  await t.throwsAsync(writeChunks(join(dir, 'page'), broken()), {message: 'no more'});
  t.deepEqual(await readdir(dir), ['page']);
  t.is(await readFile(join(dir, 'page'), 'utf8'), 'old');
});
