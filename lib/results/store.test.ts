import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {fixtureHead, fixtureRecord} from './fixtures.ts';
import {evidencePath, record as recordFormat, recordPath} from './record.ts';
import {loadRun, readRecords, readRun, writeRecord, writeRun} from './store.ts';

async function scratch(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-store-'));
  t.teardown(() => rm(dir, {recursive: true}));
  return dir;
}

async function put(dir: string, name: string, text: string): Promise<void> {
  await mkdir(dirname(join(dir, name)), {recursive: true});
  await writeFile(join(dir, name), text);
}

test('a record is read back as it was written, and nothing else is left', async (t) => {
  const dir = await scratch(t);
  const plain = recordFormat.parse(fixtureRecord());
  await writeRecord(dir, fixtureRecord());
  t.deepEqual(await readRecords(dir), [plain]);
  t.deepEqual(await readdir(join(dir, 'records', plain.cell.id)), ['plug__dimm.json']);
});

test('each block has a line of its own; line breaks and spaces in a text stay what they are', async (t) => {
  const dir = await scratch(t);
  const odd = recordFormat.parse(fixtureRecord({reason: 'a\n     b\n    }\n    ]', console: '{\n      "id": 0'}));
  await writeRecord(dir, odd);
  t.deepEqual(await readRecords(dir), [odd]);
  const lines = (await readFile(join(dir, recordPath(odd.cell.id, odd.case)), 'utf8')).split('\n');
  t.is(
    lines.filter((line) => /^ {4}\{ "id": \d+, "state": .* \},?$/.test(line)).length,
    odd.steps.flatMap(({blocks}) => blocks).length,
  );
});

test('a record that could not be read back is not written', async (t) => {
  const dir = await scratch(t);
  await t.throwsAsync(writeRecord(dir, fixtureRecord({durationMs: Number.NaN})), {
    message: /plug__dimm.json: not written[^]*durationMs/,
  });
  t.deepEqual(await readRecords(dir), []);
});

test('a planned case without a record is broken, and its evidence is linked where it exists', async (t) => {
  const dir = await scratch(t);
  const ended = fixtureRecord();
  const cut = fixtureRecord({case: 'plug/cut', title: 'cut off'});
  await writeRun(dir, fixtureHead([cut, ended, fixtureRecord({case: 'plug/never'})]));
  await writeRecord(dir, ended);
  await mkdir(join(dir, evidencePath(cut.cell.id, 'plug/cut')), {recursive: true});
  const {records} = await loadRun(dir);
  t.deepEqual(
    records.map((record) => [record.case, record.outcome, record.missing, record.evidence]),
    [
      ['plug/cut', 'broken', true, evidencePath(cut.cell.id, 'plug/cut')],
      ['plug/dimm', 'pass', false, ended.evidence],
      ['plug/never', 'broken', true, ''],
    ],
  );
  t.regex(records[0]?.reason ?? '', /no record: memhp was ended before it could write one/);
});

test('a record that was not planned is kept, last', async (t) => {
  const dir = await scratch(t);
  await writeRun(dir, fixtureHead([fixtureRecord({case: 'online/b'})]));
  await writeRecord(dir, fixtureRecord({case: 'online/b'}));
  await writeRecord(dir, fixtureRecord({case: 'online/a'}));
  t.deepEqual(
    (await loadRun(dir)).records.map((record) => record.case),
    ['online/b', 'online/a'],
  );
});

test('a file that is still being written is not a record', async (t) => {
  const dir = await scratch(t);
  await put(dir, 'records/x/plug__dimm.json.0a1b2c3d.part', '{"sch');
  t.deepEqual(await readRecords(dir), []);
});

const name = recordPath(fixtureRecord().cell.id, 'plug/dimm');
const text = (changes: object): string => JSON.stringify({...fixtureRecord(), ...changes});

const refused = test.macro({
  exec: async (t, path: string, content: string, message: RegExp) => {
    const dir = await scratch(t);
    await put(dir, path, content);
    const error = await t.throwsAsync(readRecords(dir), {name: 'UsageError', message});
    t.true(error.message.startsWith(join(dir, path)));
  },
  title: (what) => `refused: ${what ?? ''}`,
});

test('half a file', refused, name, '{"schema": 1, "ca', /not JSON/);
test('a newer schema', refused, name, text({schema: 3}), /schema 3 is newer than this memhp/);
test('an unknown outcome', refused, name, text({outcome: 'green'}), /outcome/);
test('no object', refused, name, '[]', /expected object/);
test(
  'a record in another one’s place',
  refused,
  recordPath('other', 'plug/dimm'),
  text({}),
  /belongs in records\/debian-11/,
);

test('run.json: absent, malformed, and a plan on a cell that it does not have', async (t) => {
  const dir = await scratch(t);
  await t.throwsAsync(readRun(dir), {name: 'UsageError', message: /run\.json: ENOENT/});
  await put(dir, 'run.json', '{"schema": 2}');
  await t.throwsAsync(readRun(dir), {name: 'UsageError', message: /memhp/});
  await put(dir, 'run.json', JSON.stringify({...fixtureHead([fixtureRecord()]), cells: []}));
  await t.throwsAsync(loadRun(dir), {
    name: 'UsageError',
    message: /planned on debian-11.q35.tcg, which is none of its cells/,
  });
});
