import {serveJobs, type Job} from '../replay/pool.ts';
import {caseOf, rowFor, strayed, undetected} from './cases.ts';
import type {Row} from './table.ts';

/** One case of a run, to be compared with its row of the table. */
export interface DetectJob extends Job {
  readonly dir: string;
  readonly row?: Row | undefined;
  /** What happens to a line that doesn't hold: another fault is looked for, or nothing. */
  readonly search: boolean;
}

/** What came of it. */
export interface CheckedCase {
  readonly case: string;
  /** What the replay of the unchanged record says differently: then nothing else was tried. */
  readonly strayed: readonly string[];
  /** Lines of the row that don't hold for this record. */
  readonly green: readonly string[];
  /** The row with another fault in their place; the given one where none was looked for. */
  readonly row?: Row | undefined;
  /** What is wrong with that row. */
  readonly wrong: readonly string[];
}

serveJobs(async ({dir, case: id, row, search}: DetectJob): Promise<CheckedCase> => {
  const subject = await caseOf(dir, id);
  const differs = await strayed(subject);
  if (differs.length > 0) return {case: id, strayed: differs, green: [], row, wrong: []};
  const green = row ? await undetected(subject, row) : ['it is not in the table'];
  if (green.length === 0 || !search) return {case: id, strayed: [], green, row, wrong: green};
  const other = await rowFor(subject, row);
  return {case: id, strayed: [], green, row: other, wrong: await undetected(subject, other)};
});
