import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {fixtureRecord, fixtureRun} from '../../lib/results/fixtures.ts';
import type {Cell, Record, Run} from '../../lib/results/record.ts';
import {writeRecord, writeRun} from '../../lib/results/store.ts';
import {memhp, type Cost} from './command.ts';

/** A run of `guests` times `cases` records, each as large as those of real runs (13 kB). */
export async function writeManyRecords(dir: string, guests: number, cases: number): Promise<void> {
  const {run, records} = fixtureRun();
  const cells = new Map<string, Cell>();
  const planned: Run['planned'] = [];
  for (let guest = 0; guest < guests; guest++) {
    for (let n = 0; n < cases; n++) {
      const {runDir: _, missing: __, ...from} = records[(guest * cases + n) % records.length] ?? fixtureRecord();
      const name = `${from.cell.guest}-${guest}`;
      const cell = {...from.cell, guest: name, id: `${name}.q35.tcg`};
      const record: Record = {
        ...from,
        cell,
        case: `${from.case}-${n}`,
        steps: [...from.steps, ...from.steps.map((step) => ({...step, atMs: step.atMs + 4000}))],
      };
      await writeRecord(dir, record);
      cells.set(cell.id, cell);
      planned.push({cell: cell.id, case: record.case, title: record.title, claims: record.claims});
    }
  }
  await writeRun(dir, {
    ...run,
    guests: [...new Set([...cells.values()].map(({guest}) => guest))],
    cells: [...cells.values()],
    planned,
  });
}

/** `memhp report` of 10,000 records, some times. */
export async function reportCosts(tmp: string, rounds: number): Promise<Cost[]> {
  const dir = await mkdtemp(join(tmp, 'memhp-bench-'));
  try {
    await mkdir(join(dir, 'run'));
    await writeManyRecords(join(dir, 'run'), 40, 250);
    const costs: Cost[] = [];
    for (let round = 0; round < rounds; round++)
      costs.push(await memhp(['report', join(dir, 'run'), '--out', join(dir, 'report')]));
    return costs;
  } finally {
    await rm(dir, {recursive: true});
  }
}
