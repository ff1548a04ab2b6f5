import {readFileSync} from 'node:fs';
import {readdir, rm} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {z} from 'zod';
import {UsageError, messageOf} from '../util/errors.ts';
import {isThere, writeWhole} from '../util/files.ts';
import {type Cell, type Record, type Run, SCHEMA, evidencePath, record, recordPath, run} from './record.ts';
import {upgraded} from './upgraded.ts';
import {BlockSharer} from './share.ts';

/** A record as it was found: where its run directory is, and whether a file was behind it at all. */
export type Stored = Record & {
  readonly runDir: string;
  /** Planned, but cut off: made up by the reader so that a gap shows as broken. */
  readonly missing: boolean;
};

/** A run with one record for each planned case of each cell. */
export interface LoadedRun {
  readonly run: Run;
  /** In the planned order; what wasn't planned comes last. */
  readonly records: readonly Stored[];
  /** Records that a later one of the same cell and case replaced. */
  readonly superseded: readonly Stored[];
}

/** Writes a record whole, in its place. One that the reader would refuse is refused here. */
export async function writeRecord(dir: string, value: Record): Promise<void> {
  const path = recordPath(value.cell.id, value.case);
  await writeWhole(join(dir, path), dense(json(parsed(record, value, `${path}: not written`))));
}

export async function writeRun(dir: string, value: Run): Promise<void> {
  await writeWhole(join(dir, 'run.json'), json(parsed(run, value, 'run.json: not written')));
}

export function readRun(dir: string): Promise<Run> {
  return new Promise((resolve) => {
    const path = join(dir, 'run.json');
    resolve(parsed(run, parseJson(text(path), path), path));
  });
}

/** Every record of a run directory, in the order of their paths. Files still being written are left alone. */
export async function readRecords(dir: string): Promise<Record[]> {
  const top = join(dir, 'records');
  // With types, or it would follow links, in circles too.
  const entries = await readdir(top, {recursive: true, withFileTypes: true}).catch(emptyIfAbsent(top));
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(top, join(entry.parentPath, entry.name)));
  const sharer = new BlockSharer();
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => sharer.share(readRecord(dir, join('records', name))));
}

/** The record of one case, or undefined where there is none. */
export async function readRecordOf(dir: string, cellId: string, caseId: string): Promise<Record | undefined> {
  const name = recordPath(cellId, caseId);
  return (await isThere(join(dir, name))) ? readRecord(dir, name) : undefined;
}

/** Removes records: of cases that are to run again. */
export async function removeRecords(dir: string, records: Iterable<Record>): Promise<void> {
  for (const {cell, case: id} of records) await rm(join(dir, recordPath(cell.id, id)));
}

export async function loadRun(dir: string): Promise<LoadedRun> {
  const [wanted, found] = await Promise.all([readRun(dir), readRecords(dir)]);
  const left = new Map(found.map((one) => [keyOf(one), one]));
  const cells = new Map(wanted.cells.map((cell) => [cell.id, cell]));
  const records: Stored[] = [];
  for (const planned of wanted.planned) {
    const cell = cells.get(planned.cell);
    if (!cell)
      throw new UsageError(
        `${join(dir, 'run.json')}: ${planned.case} is planned on ${planned.cell}, which is none of its cells`,
      );
    const key = keyOf({cell, case: planned.case});
    const there = left.get(key);
    left.delete(key);
    records.push(there ? stored(there, dir) : await noRecord(dir, wanted, planned, cell));
  }
  for (const extra of left.values()) records.push(stored(extra, dir));
  return {run: wanted, records, superseded: []};
}

/** What makes two records the same square of the matrix. */
export const keyOf = ({cell, case: id}: {cell: {id: string}; case: string}): string => `${cell.id} ${id}`;

function readRecord(dir: string, name: string): Record {
  const path = join(dir, name);
  const value = parsed(record, parseJson(text(path), path), path);
  const own = recordPath(value.cell.id, value.case);
  if (join(own) !== name)
    throw new UsageError(`${path}: holds the record of ${value.case} on ${value.cell.id}, which belongs in ${own}`);
  return value;
}

async function noRecord(dir: string, {startedAt}: Run, planned: Run['planned'][number], cell: Cell): Promise<Stored> {
  const reason =
    'no record: memhp was ended before it could write one, or its disk did not take it; run again with the same --out';
  return {...(await unfinishedRecord(dir, planned, cell, {reason, startedAt})), runDir: dir, missing: true};
}

/**
 * What a record says of a case that came to no end. What the case had written by then may still be there, and is the
 * only clue.
 */
export async function unfinishedRecord(
  dir: string,
  planned: Run['planned'][number],
  cell: Cell,
  why: {reason: string; startedAt: string},
): Promise<Record> {
  const evidence = evidencePath(cell.id, planned.case);
  return {
    schema: SCHEMA,
    case: planned.case,
    title: planned.title,
    claims: planned.claims,
    cell,
    append: '',
    outcome: 'broken',
    ...why,
    checks: [],
    steps: [],
    facts: {},
    known: [],
    stale: [],
    console: '',
    durationMs: 0,
    evidence: (await isThere(join(dir, evidence))) ? evidence : '',
    unfinished: true,
  };
}

const stored = (value: Record, runDir: string): Stored => Object.assign(value, {runDir, missing: false});

/** Not a promise: of ten thousand small files it would be most of the time. */
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path}: ${messageOf(error)}`, {cause: error});
  }
}

function parseJson(source: string, path: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new UsageError(`${path}: not JSON: ${messageOf(error)}`, {cause: error});
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const version: unknown = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
  if (typeof version === 'number' && version > SCHEMA) {
    throw new UsageError(`${path}: schema ${version} is newer than this memhp, which reads up to ${SCHEMA}`);
  }
  const result = tried(path, () => schema.safeParse(upgraded(value)));
  if (!result.success) throw new UsageError(`${path}:\n${z.prettifyError(result.error)}`);
  return result.data;
}

/** A value that is nested without end is more than a schema can look through. */
function tried<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new UsageError(`${path}: ${messageOf(error)}`, {cause: error});
  }
}

const emptyIfAbsent =
  (path: string) =>
  (error: NodeJS.ErrnoException): [] => {
    if (error.code === 'ENOENT') return []; // cut off before the first case ended
    throw new UsageError(`${path}: ${error.message}`, {cause: error});
  };

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/**
 * A memory block, and what else lies as deep, in a line of its own: fewer bytes to read, for people as well. Within a
 * string there is no line break.
 */
const dense = (text: string): string => text.replaceAll(/\n {5,}/g, ' ').replaceAll(/\n {4}(?=[}\]])/g, ' ');
