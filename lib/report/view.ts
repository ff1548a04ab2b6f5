import {posix, relative, resolve, sep} from 'node:path';
import type {Cell} from '../results/record.ts';
import type {LoadedRun, Stored} from '../results/store.ts';
import {type Summary, groupBy, summarize, vmmSuffix} from '../results/summary.ts';

/** One case on one cell, with its place in the page. */
export interface Entry {
  readonly record: Stored;
  readonly anchor: string;
  /** Relative address of the evidence directory, where there is one. */
  readonly evidence: string | undefined;
}

/**
 * A guest on an accelerator, in a hypervisor of one version, with all of its machines: a case chooses one of them. Where
 * a case ran on several, each is a column.
 */
export interface Column {
  readonly label: string;
  readonly cells: readonly Cell[];
}

/** A run arranged for reading: columns are guests, rows are cases. */
export interface View extends LoadedRun {
  readonly summary: Summary;
  readonly columns: readonly Column[];
  readonly cases: readonly {id: string; title: string}[];
  readonly entries: readonly Entry[];
  readonly at: (caseId: string, column: Column) => Entry | undefined;
  readonly ofGuest: (guest: string) => readonly Entry[];
}

/** Arranges a run for a report that will lie in `outDir`: evidence links are relative to it. */
export function viewOf(loaded: LoadedRun, outDir: string): View {
  const summary = summarize(loaded);
  const entries = loaded.records.map((record, index) => ({
    record,
    anchor: `c${index + 1}`,
    evidence: evidenceOf(record, outDir),
  }));
  const byCell = new Map(
    [...groupBy(entries, (entry) => entry.record.cell.id)].map(([id, own]) => [
      id,
      new Map(own.map((entry) => [entry.record.case, entry])),
    ]),
  );
  const byGuest = groupBy(entries, (entry) => entry.record.cell.guest);
  const cases = new Map(entries.map(({record: {case: id, title}}) => [id, {id, title}]));
  return {
    ...loaded,
    summary,
    entries,
    columns: columnsOf(
      summary.cells.map((one) => one.cell),
      byCell,
    ),
    cases: [...cases.values()],
    at: (caseId, {cells}) => cells.map(({id}) => byCell.get(id)?.get(caseId)).find((entry) => entry !== undefined),
    ofGuest: (guest) => byGuest.get(guest) ?? [],
  };
}

function columnsOf(cells: readonly Cell[], byCell: ReadonlyMap<string, ReadonlyMap<string, Entry>>): Column[] {
  const perGuest = groupBy(cells, (cell) => cell.guest);
  const vmm = vmmSuffix(cells);
  const keyOf = (cell: Cell): string => `${cell.guest} ${cell.accel}${vmm(cell)}`;
  return [...groupBy(cells, keyOf)].flatMap(([label, group]): Column[] => {
    const [first] = group;
    if (first === undefined) return [];
    const {guest} = first;
    const ids = group.flatMap(({id}) => [...(byCell.get(id)?.keys() ?? [])]);
    if (new Set(ids).size < ids.length)
      return group.map((cell) => ({label: `${guest} ${cell.machine} ${cell.accel}${vmm(cell)}`, cells: [cell]}));
    const accels = new Set(perGuest.get(guest)?.map(({accel}) => accel));
    return [{label: accels.size === 1 ? `${guest}${vmm(first)}` : label, cells: group}];
  });
}

/** Only inside its own run directory: a record can't make the report point elsewhere. */
function evidenceOf({evidence, runDir}: Stored, outDir: string): string | undefined {
  const inside = posix.normalize(evidence);
  if (evidence === '' || posix.isAbsolute(inside) || inside === '..' || inside.startsWith('../')) return undefined;
  const path = relative(resolve(outDir), resolve(runDir, inside));
  return `${path.split(sep).map(encodeURIComponent).join('/')}/`;
}
