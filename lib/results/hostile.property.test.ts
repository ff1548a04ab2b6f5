// Run directories of others: each file is a record or run.json as the format has it, or refused by name.
import assert from 'node:assert/strict';
import {mkdir, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {damaged} from '../util/fixtures/damage.ts';
import {UsageError} from '../util/errors.ts';
import {fixtureHead, fixtureRecord} from './fixtures.ts';
import {record as recordFormat, recordPath} from './record.ts';
import {loadRun, readRecords, readRun} from './store.ts';

async function scratch(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  return dir;
}

const path = recordPath(fixtureRecord().cell.id, fixtureRecord().case);

async function put(dir: string, name: string, text: string): Promise<void> {
  await mkdir(dirname(join(dir, name)), {recursive: true});
  await writeFile(join(dir, name), text);
}

test('a damaged record is refused by name, or is what its file says', async (t) => {
  const dir = await scratch(t);
  const whole = JSON.stringify(recordFormat.parse(fixtureRecord()), undefined, 1);
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(damaged(fc.constant(whole)), async (text) => {
        await put(dir, path, text);
        const seen = await readRecords(dir).catch((error: unknown) => error);
        if (seen instanceof Error)
          assert.ok(seen instanceof UsageError && seen.message.startsWith(join(dir, path)), String(seen));
        else {
          const [one] = seen as object[];
          const said = JSON.parse(await readFile(join(dir, path), 'utf8')) as Record<string, unknown>;
          for (const [name, value] of Object.entries(one ?? {}))
            if (typeof value !== 'object') assert.deepEqual(value, said[name], name);
        }
      }),
      {numRuns: 150},
    ),
  );
});

test('a damaged run.json is refused by name, or read', async (t) => {
  const dir = await scratch(t);
  const whole = JSON.stringify(fixtureHead([fixtureRecord()]), undefined, 1);
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(damaged(fc.constant(whole)), async (text) => {
        await put(dir, 'run.json', text);
        const seen = await Promise.resolve()
          .then(() => readRun(dir))
          .catch((error: unknown) => error);
        if (seen instanceof Error)
          assert.ok(seen instanceof UsageError && seen.message.startsWith(join(dir, 'run.json')), String(seen));
      }),
      {numRuns: 150},
    ),
  );
});

test('a value that is nested without end is refused by name', async (t) => {
  const dir = await scratch(t);
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  await put(dir, path, JSON.stringify({...fixtureRecord(), facts: {deep: 'HERE'}}).replace('"HERE"', deep));
  await t.throwsAsync(readRecords(dir), {instanceOf: UsageError, message: /plug__dimm\.json: /});
});

test('links among the records are not followed', async (t) => {
  const dir = await scratch(t);
  await put(dir, path, JSON.stringify(fixtureRecord()));
  for (const name of ['a', 'b', 'c']) await symlink('..', join(dir, dirname(path), name));
  await symlink('/etc/passwd', join(dir, dirname(path), 'passwd.json'));
  t.is((await readRecords(dir)).length, 1);
});

test("a cell can't be a way out of the run directory", async (t) => {
  for (const id of ['..', '.', '../x', '-x', '']) {
    const dir = await scratch(t);
    const head = fixtureHead([fixtureRecord()]);
    await put(
      dir,
      'run.json',
      JSON.stringify({
        ...head,
        cells: head.cells.map((cell) => ({...cell, id})),
        planned: head.planned.map((plan) => ({...plan, cell: id})),
      }),
    );
    await t.throwsAsync(loadRun(dir), {instanceOf: UsageError, message: /run\.json:/});
  }
});
