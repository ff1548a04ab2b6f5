// The entry of the test runner: declares one AVA test for each planned case and cell.
import test from 'ava';
import pLimit from 'p-limit';
import {readKnown} from '../conformance/verdict/known.ts';
import {brokenReason, runCase} from '../conformance/runner/run-case.ts';
import type {Record} from '../results/record.ts';
import {unfinishedRecord, writeRecord} from '../results/store.ts';
import {Broken, messageOf} from '../util/errors.ts';
import {readPlan, testTitle, type PlanItem} from './plan.ts';
import {loadSuites} from './suites.ts';

const plan = await readPlan(process.env['MEMHP_PLAN'] ?? '');
const known = await readKnown();
const cases = new Map((await loadSuites()).map((entry) => [entry.id, entry]));
const cells = new Map(plan.cells.map((cell) => [cell.id, cell]));
const slot = pLimit(plan.jobs);

for (const item of plan.items) {
  test(testTitle(item), async (t) => {
    // AVA keeps the words of a failure, and not those of what a test throws.
    const {outcome, reason} = await slot(() => recorded(item)).catch((error: unknown) => ({
      outcome: 'broken',
      reason: messageOf(error),
    }));
    if (outcome === 'fail' || outcome === 'broken') t.fail(`${outcome}: ${reason}`);
    else t.pass();
  });
}

/** Executes a case and writes its record; one that says what went wrong where memhp itself fails at it. */
async function recorded(item: PlanItem): Promise<Record> {
  const startedAt = new Date().toISOString();
  const entry = cases.get(item.case);
  const cell = cells.get(item.cell);
  const template = plan.templates[item.template];
  if (!entry || !cell || !template)
    throw new Broken(brokenReason(`the plan names ${testTitle(item)}, which isn't there`));
  try {
    const record = await runCase(entry, {dir: plan.dir, cell, template, known, patience: plan.patience});
    await writeRecord(plan.dir, record);
    return record;
  } catch (error) {
    const planned = {cell: cell.id, case: entry.id, title: entry.title, claims: [...entry.claims]};
    const record = await unfinishedRecord(plan.dir, planned, cell, {reason: brokenReason(error), startedAt});
    await writeRecord(plan.dir, record);
    return record;
  }
}
