import {type Cell, type Outcome, outcomes, vmmText} from './record.ts';
import type {LoadedRun} from './store.ts';

export type Counts = {[outcome in Outcome]: number};

/** What a set of records amounts to; `no verdict` where nothing came to an end, which is never a pass. */
export type Verdict = 'pass' | 'known' | 'fail' | 'incomplete' | 'no verdict';

export interface Summary {
  counts: Counts;
  verdict: Verdict;
  cells: {cell: Cell; counts: Counts; verdict: Verdict}[];
  guests: {guest: string; counts: Counts; verdict: Verdict}[];
}

export function countOutcomes(records: Iterable<{outcome: Outcome}>): Counts {
  const counts: Counts = {pass: 0, fail: 0, skip: 0, known: 0, broken: 0};
  for (const {outcome} of records) counts[outcome] += 1;
  return counts;
}

/**
 * 0: all pass, skip or known. 1: at least one fail. 3: no fail, but something broken, trouble beside the cases, or
 * nothing there at all.
 */
export function exitStatus(counts: Counts, trouble: readonly string[] = []): 0 | 1 | 3 {
  if (counts.fail > 0) return 1;
  return counts.broken > 0 || trouble.length > 0 || total(counts) === 0 ? 3 : 0;
}

export function verdictOf(counts: Counts): Verdict {
  if (counts.fail > 0) return 'fail';
  if (counts.pass + counts.known === 0) return 'no verdict'; // only skipped or broken: the guest answered nothing
  if (counts.broken > 0) return 'incomplete';
  return counts.known > 0 ? 'known' : 'pass';
}

export const total = (counts: Counts): number => outcomes.reduce((sum, one) => sum + counts[one], 0);

export function summarize({run, records}: LoadedRun): Summary {
  const counts = countOutcomes(records);
  const byCell = groupBy(records, (record) => record.cell.id);
  const byGuest = groupBy(records, (record) => record.cell.guest);
  const cells = new Map(run.cells.map((cell) => [cell.id, cell]));
  // A record's cell was written after the guest came up, so it knows the kernel.
  for (const {cell} of records) if (!cells.get(cell.id)?.kernel) cells.set(cell.id, cell);
  const guests = new Set([...run.guests, ...[...cells.values()].map((cell) => cell.guest)]);
  return {
    counts,
    verdict: verdictOf(counts),
    cells: [...cells.values()].map((cell) => ({cell, ...judged(byCell.get(cell.id))})),
    guests: [...guests].map((guest) => ({guest, ...judged(byGuest.get(guest))})),
  };
}

/** Groups in the order of first appearance. */
export function groupBy<T, K>(values: Iterable<T>, key: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const name = key(value);
    const group = groups.get(name);
    if (group) group.push(value);
    else groups.set(name, [value]);
  }
  return groups;
}

function judged(records: readonly {outcome: Outcome}[] = []): {counts: Counts; verdict: Verdict} {
  const counts = countOutcomes(records);
  return {counts, verdict: verdictOf(counts)};
}

/** What follows a guest's name to tell its cells apart: ` QEMU 11.1.3` where it ran in several hypervisors, else nothing. */
export function vmmSuffix(cells: readonly Cell[]): (cell: Cell) => string {
  const several = new Set(
    [...groupBy(cells, ({guest}) => guest)].flatMap(([guest, own]) =>
      new Set(own.map((cell) => vmmText(cell))).size > 1 ? [guest] : [],
    ),
  );
  return (cell) => (several.has(cell.guest) ? ` ${vmmText(cell)}` : '');
}
