import type {Run} from '../results/record.ts';
import {readRecordOf, unfinishedRecord, writeRecord} from '../results/store.ts';
import {Broken} from '../util/errors.ts';
import {clean} from '../util/text.ts';
import type {Log} from '../util/log.ts';
import {testTitle, type PlanItem} from './plan.ts';

/** Why cases have no record. */
export interface Causes {
  /** What the runner said of single cases, by test title. */
  readonly own: ReadonlyMap<string, string>;
  /** What went wrong beside the cases, if anything did. */
  readonly beside: readonly string[];
  /** What became of the runner or of the run, for cases of which nobody said anything. */
  readonly all: string;
}

/**
 * Compares what was planned with what is recorded, and gives each case that has no record one that says why: no verdict
 * is lost without a word. Throws Broken where not even that can be written.
 */
export async function completeRun(
  dir: string,
  head: Run,
  items: readonly PlanItem[],
  {own, all}: Pick<Causes, 'own' | 'all'>,
  log: Log,
): Promise<void> {
  const planned = new Map(head.planned.map((one) => [testTitle(one), one]));
  const cells = new Map(head.cells.map((cell) => [cell.id, cell]));
  let told = 0;
  for (const item of items) {
    if (await readRecordOf(dir, item.cell, item.case)) continue;
    const [title, plan, cell] = [testTitle(item), planned.get(testTitle(item)), cells.get(item.cell)];
    if (!plan || !cell) throw new Broken(`${title} was to run, and run.json does not have it`);
    const reason = clean(own.get(title) || all, 4000);
    if (told++ < 5) log(`${title} came to no end: ${reason}`);
    await writeRecord(dir, await unfinishedRecord(dir, plan, cell, {reason, startedAt: new Date().toISOString()}));
  }
  if (told > 5) log(`and ${told - 5} more cases`);
}
