import {rm} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import type {Case} from '../conformance/runner/case.ts';
import {writeReports} from '../report/write.ts';
import type {Run} from '../results/record.ts';
import {keyOf, loadRun, readRecords, removeRecords, writeRun, type LoadedRun} from '../results/store.ts';
import {Broken, UsageError, messageOf} from '../util/errors.ts';
import {makeDirectory, removeParts, writeWhole} from '../util/files.ts';
import {clean} from '../util/text.ts';
import type {CacheUse} from './cache-use.ts';
import {readClaims} from './claims.ts';
import {completeRun} from './complete.ts';
import {writeHead} from './head.ts';
import {defaultJobs} from './host.ts';
import {lockRun} from './lock.ts';
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
export async function run(
  options: RunOptions,
  use: CacheUse,
  progress: Progress,
  signal: AbortSignal,
): Promise<FinishedRun> {
  const cases = selectCases(await loadSuites(), options.patterns);
  const dir = resolve(
    options.out ?? join('memhp-runs', new Date().toISOString().replaceAll(/[:.]/g, '-').slice(0, 19)),
  );
  await makeWritable(dir);
  const lock = await lockRun(dir);
  try {
    const head = await withRunner(dir, signal, (runner, planFile) =>
      runCases(dir, planFile, cases, runner, {options, use, progress, signal}),
    );
    const loaded = await loadRun(dir);
    const {files} = await writeReports(loaded, dir, {claims: await readClaims()});
    return {dir, loaded: {...loaded, run: head}, files};
  } finally {
    await lock.release();
  }
}

/** Starts the runner, which takes its time, beside what comes before its plan; ends it whatever happens. */
async function withRunner<T>(
  dir: string,
  signal: AbortSignal,
  action: (runner: Runner, planFile: string) => Promise<T>,
): Promise<T> {
  const planFile = join(dir, 'plan.json');
  await rm(planFile, {force: true}); // of a run that was cut off
  await removeParts(dir);
  const runner = startRunner(planFile, signal);
  try {
    return await action(runner, planFile);
  } finally {
    runner.stop();
    await rm(planFile, {force: true});
  }
}

interface Running {
  readonly options: RunOptions;
  readonly use: CacheUse;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Makes the guests ready, writes down what is planned, and has the runner do what isn't finished yet. */
async function runCases(
  dir: string,
  planFile: string,
  cases: readonly Case[],
  runner: Runner,
  {options, use, progress, signal}: Running,
): Promise<Run> {
  const {log} = progress;
  const jobs = options.jobs ?? defaultJobs();
  const guests = await prepareImages(options, use, log, signal);
  const prepared = await prepareTemplates(options, guests, cases, jobs, log, signal);
  if (signal.aborted) throw new Broken('interrupted before the guests were up; nothing was run');
  const items = shard(prepared.items, options.shard);
  const head = await writeHead(dir, {...prepared, items, guests: guests.images.map(({name}) => name)}, cases);
  const left = await withoutFinished(dir, items);
  if (left.length < items.length) log(`${items.length - left.length} cases are finished already in ${dir}`);
  if (left.length === 0) return head;
  const plan: Plan = {
    dir,
    jobs,
    patience: options.patience ?? 1,
    cells: prepared.cells,
    templates: prepared.templates,
    items: left,
  };
  progress.start(left.length, dir);
  await writeWhole(planFile, JSON.stringify(plan));
  const causes = await runner.finish(new Set(left.map((item) => testTitle(item))), {
    ended: (title, failure) => {
      progress.ended(title, failure);
    },
    said: log,
  });
  await progress.stop();
  await completeRun(dir, head, left, {own: causes.own, all: interruption(signal) ?? causes.all}, log);
  if (causes.beside.length === 0) return head;
  const troubled = {...head, trouble: causes.beside.map((line) => clean(line, 4000))};
  await writeRun(dir, troubled);
  return troubled;
}

/** Why cases that had not ended have no verdict, where somebody ended the run. */
const interruption = ({aborted, reason}: AbortSignal): string | undefined =>
  aborted ? `${messageOf(reason)} before this case ended` : undefined;

async function makeWritable(dir: string): Promise<void> {
  try {
    await makeDirectory(dir);
    const probe = join(dir, '.writable');
    await writeWhole(probe, '');
    await rm(probe, {force: true}); // another run may be here at the same time, and is refused next
  } catch (error) {
    throw new UsageError(`--out ${dir}: can't write there: ${messageOf(error)}`);
  }
}

/**
 * What has no verdict yet. The records of what is tried again are removed: an old reason must not stand for a new one.
 */
async function withoutFinished(dir: string, items: readonly PlanItem[]): Promise<PlanItem[]> {
  const records = await readRecords(dir);
  const finished = new Set(records.filter(({outcome}) => outcome !== 'broken').map((record) => keyOf(record)));
  await removeRecords(
    dir,
    records.filter(({outcome}) => outcome === 'broken'),
  );
  return items.filter(({cell, case: id}) => !finished.has(keyOf({cell: {id: cell}, case: id})));
}

/** Every count-th case, so that shards take about the same time. */
const shard = (items: readonly PlanItem[], part: RunOptions['shard']): PlanItem[] =>
  part ? items.filter((_item, i) => i % part.count === part.index - 1) : [...items];
