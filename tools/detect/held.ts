import {inPool} from '../replay/pool.ts';
import type {DetectionTable} from './table.ts';
import type {DetectJob, Held} from './worker.ts';

/** Holds cases of a run against the table, as many at a time as there are CPUs, in the order in which they end. */
export const held = (
  dir: string,
  ids: readonly string[],
  table: DetectionTable,
  search: boolean,
): AsyncIterable<Held> =>
  inPool<Held>(
    new URL('worker.ts', import.meta.url),
    ids.map((id): DetectJob => ({dir, case: id, row: table.get(id), search})),
  );
