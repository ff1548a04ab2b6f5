import {inPool} from '../replay/pool.ts';
import type {DetectionTable} from './table.ts';
import type {DetectJob, CheckedCase} from './worker.ts';

/** Compares cases of a run with the table, as many at a time as there are CPUs, in the order in which they end. */
export const checkCases = (
  dir: string,
  ids: readonly string[],
  table: DetectionTable,
  search: boolean,
): AsyncIterable<CheckedCase> =>
  inPool<CheckedCase>(
    new URL('worker.ts', import.meta.url),
    ids.map((id): DetectJob => ({dir, case: id, row: table.get(id), search})),
  );
