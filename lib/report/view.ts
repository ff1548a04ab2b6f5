import {posix, relative, resolve, sep} from 'node:path';
import type {Cell} from '../results/record.ts';
import {type LoadedRun, type Stored, keyOf} from '../results/store.ts';
import {type Summary, groupBy, summarize} from '../results/summary.ts';

/** One case on one cell, with its place in the page. */
export interface Entry {
  readonly record: Stored;
  readonly anchor: string;
  /** Relative address of the evidence directory, where there is one. */
  readonly evidence: string | undefined;
}

/** A run arranged for reading: columns are cells, rows are cases. */
export interface View extends LoadedRun {
  readonly summary: Summary;
  readonly columns: readonly {cell: Cell; label: string}[];
  readonly cases: readonly {id: string; title: string}[];
  readonly entries: readonly Entry[];
  readonly at: (caseId: string, cellId: string) => Entry | undefined;
  readonly ofGuest: (guest: string) => readonly Entry[];
}

/** Arranges a run for a report that will lie in `outDir`: evidence links are relative to it. */
export function viewOf(loaded: LoadedRun, outDir: string): View {
  const summary = summarize(loaded);
  const entries = loaded.records.map((record, index) => ({record, anchor: `c${index + 1}`, evidence: evidenceOf(record, outDir)}));
  const byKey = new Map(entries.map(entry => [keyOf(entry.record), entry]));
  const byGuest = groupBy(entries, entry => entry.record.cell.guest);
  const cases = new Map(entries.map(({record: {case: id, title}}) => [id, {id, title}]));
  return {
    ...loaded,
    summary,
    entries,
    columns: labelled(summary.cells.map(one => one.cell)),
    cases: [...cases.values()],
    at: (caseId, cellId) => byKey.get(keyOf({case: caseId, cell: {id: cellId}})),
    ofGuest: guest => byGuest.get(guest) ?? [],
  };
}

/** A guest's name is enough, unless it ran on several machines or accelerators. */
function labelled(cells: readonly Cell[]): {cell: Cell; label: string}[] {
  const perGuest = groupBy(cells, cell => cell.guest);
  return cells.map(cell => ({
    cell,
    label: perGuest.get(cell.guest)?.length === 1 ? cell.guest : `${cell.guest} ${cell.machine} ${cell.accel}`,
  }));
}

/** Only inside its own run directory: a record can't make the report point elsewhere. */
function evidenceOf({evidence, runDir}: Stored, outDir: string): string | undefined {
  const inside = posix.normalize(evidence);
  if (evidence === '' || posix.isAbsolute(inside) || inside === '..' || inside.startsWith('../')) return undefined;
  const path = relative(resolve(outDir), resolve(runDir, inside));
  return `${path.split(sep).map(encodeURIComponent).join('/')}/`;
}
