import {UsageError} from '../util/errors.ts';
import type {Cell, Run} from './record.ts';
import {type LoadedRun, type Stored, keyOf} from './store.ts';

/** Makes one run of several: shards, guests, or a second try. The later record of a cell and case wins. */
export function mergeRuns(runs: readonly LoadedRun[]): LoadedRun {
  const [first, ...rest] = runs;
  if (!first) throw new UsageError('no run directory to merge');
  if (rest.length === 0) return first;
  const records = new Map<string, Stored>();
  const superseded = runs.flatMap((run) => run.superseded);
  for (const record of runs.flatMap((run) => run.records)) {
    const key = keyOf(record);
    const other = records.get(key);
    const winner = other && !replaces(record, other) ? other : record;
    records.set(key, winner);
    if (other) superseded.push(winner === other ? record : other);
  }
  return {run: mergeHeads(runs.map((run) => run.run)), records: [...records.values()], superseded};
}

/** A case that came to no end never replaces what a guest really did, however late its run began. */
function replaces(record: Stored, other: Stored): boolean {
  const [isGap, wasGap] = [record, other].map(({missing, unfinished}) => missing || unfinished === true);
  if (isGap !== wasGap) return wasGap === true;
  return Date.parse(record.startedAt) >= Date.parse(other.startedAt);
}

function mergeHeads(runs: readonly Run[]): Run {
  const byStart = [...runs].sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
  const [oldest] = byStart;
  const newest = byStart.at(-1);
  if (!oldest || !newest) throw new UsageError('no run directory to merge');
  const trouble = unique(runs.flatMap((run) => run.trouble ?? []));
  const kernels = uniqueBy(
    byStart.flatMap((run) => run.kernels ?? []),
    (kernel) => JSON.stringify(kernel),
  );
  return {
    ...newest,
    ...(trouble.length > 0 ? {trouble} : {}),
    ...(kernels.length > 0 ? {kernels} : {}),
    startedAt: oldest.startedAt,
    memhp: unique(byStart.map((run) => run.memhp)).join(', '),
    guests: unique(runs.flatMap((run) => run.guests)),
    planned: uniqueBy(
      runs.flatMap((run) => run.planned),
      (plan) => `${plan.cell} ${plan.case}`,
    ),
    cells: uniqueBy(
      runs.flatMap((run) => run.cells),
      (cell) => cell.id,
    ).map((cell) => newestWithKernel(byStart, cell)),
  };
}

/** The kernel is unknown until the guest has come up, so of several heads one may know more. */
function newestWithKernel(byStart: readonly Run[], cell: Cell): Cell {
  return byStart.flatMap((run) => run.cells).findLast(({id, kernel}) => id === cell.id && kernel !== '') ?? cell;
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

function uniqueBy<T>(values: readonly T[], key: (value: T) => string): T[] {
  const seen = new Map<string, T>();
  for (const value of values) if (!seen.has(key(value))) seen.set(key(value), value);
  return [...seen.values()];
}
