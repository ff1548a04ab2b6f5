import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {fixtureHead, fixtureRecord} from '../results/fixtures.ts';
import {loadRun, writeRecord, writeRun} from '../results/store.ts';
import {mergeRuns} from '../results/merge.ts';
import {completeRun} from './complete.ts';

async function scratch(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  return dir;
}

test(
  'each case without a record gets one with its own reason, or the reason of all; a record that is ' + 'there stays',
  async (t) => {
    const dir = await scratch(t);
    const there = fixtureRecord();
    const planned = [there, fixtureRecord({case: 'plug/a'}), fixtureRecord({case: 'plug/b'})];
    const head = fixtureHead(planned);
    await writeRun(dir, head);
    await writeRecord(dir, there);
    const lines: string[] = [];
    const items = planned.map(({cell, case: id}) => ({cell: cell.id, case: id, template: ''}));
    await completeRun(
      dir,
      head,
      items,
      {
        own: new Map([[`${there.cell.id} plug/a`, 'the disk is full']]),
        all: 'interrupted by SIGINT before this case ended',
      },
      (line) => lines.push(line),
    );
    const {records} = await loadRun(dir);
    t.deepEqual(
      records.map(({case: id, outcome, reason, missing, unfinished}) => [id, outcome, reason, missing, unfinished]),
      [
        ['plug/dimm', 'pass', '', false, undefined],
        ['plug/a', 'broken', 'the disk is full', false, true],
        ['plug/b', 'broken', 'interrupted by SIGINT before this case ended', false, true],
      ],
    );
    t.deepEqual(lines, [
      `${there.cell.id} plug/a came to no end: the disk is full`,
      `${there.cell.id} plug/b came to no end: interrupted by SIGINT before this case ended`,
    ]);
  },
);

test('a later run that came to no end does not replace what a guest did', async (t) => {
  const dir = await scratch(t);
  const there = fixtureRecord();
  const run = {run: fixtureHead([there]), records: [{...there, runDir: dir, missing: false}], superseded: []};
  const cut = {
    ...there,
    outcome: 'broken',
    unfinished: true,
    startedAt: '2030-01-01T00:00:00.000Z',
    runDir: dir,
    missing: false,
  } as const;
  for (const order of [
    [run, {...run, records: [cut]}],
    [{...run, records: [cut]}, run],
  ])
    t.is(mergeRuns(order).records[0]?.outcome, 'pass');
});
