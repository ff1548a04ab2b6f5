import {rm} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {writeReports} from '../report/write.ts';
import {SCHEMA, type Run} from '../results/record.ts';
import {keyOf, loadRun, readRecords, writeRun, type LoadedRun} from '../results/store.ts';
import {Broken, UsageError, messageOf} from '../util/errors.ts';
import {makeDirectory, readIfThere, removeParts, writeWhole} from '../util/files.ts';
import {version} from '../util/version.ts';
import type {Case} from '../conformance/case.ts';
import {readClaims} from './claims.ts';
import {defaultJobs, hostFacts} from './host.ts';
import type {RunOptions} from './options.ts';
import {testTitle, type Plan, type PlanItem} from './plan.ts';
import {prepareImages, prepareTemplates} from './prepare.ts';
import type {Progress} from './progress.ts';
import {startRunner, type Runner} from './runner.ts';
import {loadSuites, selectCases} from './suites.ts';

export interface FinishedRun {
  readonly dir: string;
  readonly loaded: LoadedRun;
  readonly files: readonly string[];
}

/** The main job, end to end: guests, templates, cases, records, report. Throws UsageError for what can't be used. */
export async function run(options: RunOptions, progress: Progress, signal: AbortSignal): Promise<FinishedRun> {
  const cases = selectCases(await loadSuites(), options.patterns);
  const dir = resolve(options.out ?? join('memhp-runs', new Date().toISOString().replaceAll(/[:.]/g, '-').slice(0, 19)));
  await makeWritable(dir);
  const planFile = join(dir, 'plan.json');
  await rm(planFile, {force: true}); // of a run that was cut off
  await removeParts(dir);
  const runner = startRunner(planFile, signal);
  let head: Run;
  try {
    head = await runCases(dir, planFile, cases, runner, {options, progress, signal});
  } finally {
    runner.stop();
    await rm(planFile, {force: true});
  }
  const loaded = await loadRun(dir);
  const {files} = await writeReports(loaded, dir, {claims: await readClaims()});
  return {dir, loaded: {...loaded, run: head}, files};
}

interface Running {
  readonly options: RunOptions;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Makes the guests ready, writes down what is planned, and has the runner do what isn't finished yet. */
async function runCases(dir: string, planFile: string, cases: readonly Case[], runner: Runner, {options, progress, signal}: Running): Promise<Run> {
  const {log} = progress;
  const jobs = options.jobs ?? defaultJobs();
  const images = await prepareImages(options, log, signal);
  const prepared = await prepareTemplates(options, images, cases, jobs, log, signal);
  if (signal.aborted) throw new Broken('interrupted before the guests were up; nothing was run');
  const items = shard(prepared.items, options.shard);
  const head = await writeHead(dir, {...prepared, items, guests: images.map(({name}) => name)}, cases);
  const left = await withoutFinished(dir, items);
  if (left.length < items.length) log(`${items.length - left.length} cases are finished already in ${dir}`);
  if (left.length === 0) return head;
  const plan: Plan = {dir, jobs, patience: options.patience ?? 1, cells: prepared.cells, templates: prepared.templates, items: left};
  const titles = new Set(left.map((item) => testTitle(item)));
  progress.start(titles.size, dir);
  await writeWhole(planFile, JSON.stringify(plan));
  const {problem} = await runner.finish(titles, (title) => {
    progress.ended(title);
  });
  await progress.stop();
  if (problem !== undefined) log(`the test runner said: ${problem}`);
  return head;
}

async function makeWritable(dir: string): Promise<void> {
  try {
    await makeDirectory(dir);
    const probe = join(dir, '.writable');
    await writeWhole(probe, '');
    await rm(probe);
  } catch (error) {
    throw new UsageError(`--out ${dir}: can't write there: ${messageOf(error)}`);
  }
}

/** run.json says what was planned; the same directory goes on only with the same plan. */
async function writeHead(dir: string, prepared: Pick<Plan, 'cells' | 'items'> & {guests: string[]; decision: {reason: string}}, cases: readonly Case[]): Promise<Run> {
  const planned = prepared.items.map(({cell, case: id}) => {
    const entry = cases.find((one) => one.id === id);
    return {cell, case: id, title: entry?.title ?? '', claims: [...(entry?.claims ?? [])]};
  });
  const head: Run = {
    schema: SCHEMA,
    memhp: version,
    startedAt: new Date().toISOString(),
    guests: prepared.guests,
    planned,
    cells: [...prepared.cells],
    host: hostFacts(prepared.decision.reason),
  };
  const before = await readIfThere(join(dir, 'run.json'));
  if (before !== undefined) {
    const {run: old} = await loadRun(dir);
    const other = whatDiffers(old, head);
    if (other !== undefined) throw new UsageError(`--out ${dir} holds another run (other ${other}); name another directory, or remove this one`);
    head.startedAt = old.startedAt;
  }
  await writeRun(dir, head);
  return head;
}

/** Why a run can't go on in a directory: results of different things must not mix. */
function whatDiffers(old: Run, head: Run): string | undefined {
  if (old.memhp !== head.memhp) return `version of memhp, ${old.memhp}`;
  if (JSON.stringify(old.planned) !== JSON.stringify(head.planned)) return 'cases or guests';
  // A guest that didn't come up the first time has no kernel in the old head.
  const kernelsChanged = old.cells.some((cell) => {
    const now = head.cells.find(({id}) => id === cell.id);
    return now?.qemu !== cell.qemu || (cell.kernel !== '' && now.kernel !== '' && now.kernel !== cell.kernel);
  });
  return kernelsChanged ? 'kernel or QEMU' : undefined;
}

async function withoutFinished(dir: string, items: readonly PlanItem[]): Promise<PlanItem[]> {
  const finished = new Set((await readRecords(dir)).filter(({outcome}) => outcome !== 'broken').map((record) => keyOf(record)));
  return items.filter(({cell, case: id}) => !finished.has(keyOf({cell: {id: cell}, case: id})));
}

/** Every count-th case, so that shards take about the same time. */
const shard = (items: readonly PlanItem[], part: RunOptions['shard']): PlanItem[] =>
  part ? items.filter((_item, i) => i % part.count === part.index - 1) : [...items];
