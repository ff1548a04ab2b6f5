import {join} from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import {readKnown} from '../../lib/conformance/verdict/known.ts';
import {INVARIANTS} from '../../lib/conformance/runner/run-case.ts';
import type {Record} from '../../lib/results/record.ts';
import {readRecords} from '../../lib/results/store.ts';
import {loadSuites} from '../../lib/run/suites.ts';
import {Broken} from '../../lib/util/errors.ts';
import {Mutable, type Mutant} from '../replay/faults/mutants.ts';
import {readRecording} from '../replay/recording.ts';
import type {RecordedCase} from '../replay/recorded-case.ts';
import {detectedOf, tell} from './detect.ts';
import {rowOf, type Row} from './table.ts';

/** A case of a run, ready to be replayed, with the record that the run made. */
export interface RunCase extends RecordedCase {
  readonly record: Record;
}

/** The cases of a run that ended with a verdict for the guest: those that passed, or showed a recorded deviation. */
export async function openersOf(
  dir: string,
): Promise<{readonly record: Record; readonly read: () => Promise<RunCase>}[]> {
  const cases = new Map((await loadSuites()).map((entry) => [entry.id, entry]));
  const known = await readKnown();
  return (await readRecords(dir)).flatMap((record) => {
    const entry = cases.get(record.case);
    if (!entry || (record.outcome !== 'pass' && record.outcome !== 'known')) return [];
    const {kernel, guest} = record.cell;
    return [
      {
        record,
        read: async () => ({
          entry,
          record,
          recording: await readRecording(join(dir, record.evidence)),
          on: {kernel, guest, known},
        }),
      },
    ];
  });
}

const runs = new Map<string, ReturnType<typeof openersOf>>();

/** One case of a run. Throws where the run has no verdict of it. */
export async function caseOf(dir: string, id: string): Promise<RunCase> {
  const openers = runs.get(dir) ?? openersOf(dir);
  runs.set(dir, openers);
  const opener = (await openers).find(({record}) => record.case === id);
  if (!opener) throw new Broken(`${dir} has no verdict of ${id}`);
  return await opener.read();
}

/** What a replay of the unchanged record says differently from the record; empty where it says the same. */
export async function strayed(subject: RunCase): Promise<string[]> {
  const {outcome, reason, checks} = await tell(subject);
  const {record} = subject;
  if (outcome !== record.outcome) return [`the outcome is ${outcome}: ${reason}`];
  const differs: string[] = [];
  const plain = checks.map(({name, expected, actual, ok, because, step, known}) => ({
    name,
    expected,
    actual,
    ok,
    because,
    step,
    known,
  }));
  for (const [i, check] of plain.entries()) {
    const {name, expected, actual, ok, because, step, known} = record.checks[i] ?? {};
    // How many comparisons the invariants make is up to memhp, and no part of the record's verdict.
    const counted = check.name === INVARIANTS && name === INVARIANTS ? {...check, because} : check;
    if (!isDeepStrictEqual(counted, {name, expected, actual, ok, because, step, known}))
      differs.push(`check ${i + 1} is ${JSON.stringify(check)}`);
  }
  if (plain.length !== record.checks.length) differs.push(`${plain.length} checks, not ${record.checks.length}`);
  return differs;
}

/**
 * What a row of the table says that doesn't hold for this record; empty where each of the case's own checks fails as it
 * says.
 */
export async function undetected(subject: RecordedCase, row: Row): Promise<string[]> {
  const mutable = new Mutable(subject.recording);
  const told = await tell(subject);
  const named = new Set([...row.detected, ...row.undetected].map(({check}) => check));
  const wrong = [...told.own.keys()]
    .filter((check) => !named.has(check))
    .map((check) => `"${check}" is not in the table`);
  for (const {check, reason} of row.undetected)
    if (reason.trim() === '') wrong.push(`"${check}" was not seen to fail, and no reason is given`);
  for (const {check, ...place} of row.detected) {
    if (!(await isDetected(subject, mutable, check, place)))
      wrong.push(`"${check}" stays green under ${place.fault} ${place.about} at "${place.at}"`);
  }
  return wrong;
}

/**
 * The row with the lines that hold for this record, and new ones for the others: what is random in a run may need
 * another fault.
 */
export async function rowFor(subject: RecordedCase, old: Row | undefined): Promise<Row> {
  const {guest} = subject.on;
  if (!old) return rowOf(guest, await detectedOf(subject), old);
  const mutable = new Mutable(subject.recording);
  const kept: Row['detected'] = [];
  for (const line of old.detected) if (await isDetected(subject, mutable, line.check, line)) kept.push(line);
  const own = [...(await tell(subject)).own.keys()];
  const settled = new Set([...kept, ...old.undetected].map(({check}) => check));
  const searched = await detectedOf(subject, new Set(own.filter((check) => !settled.has(check))));
  const undetected = old.undetected.map(({check}) => check).filter((check) => own.includes(check));
  const detected = [...kept, ...searched.detected].sort((a, b) => own.indexOf(a.check) - own.indexOf(b.check));
  return rowOf(guest, {detected, undetected: [...undetected, ...searched.undetected]}, old);
}

/** Lines of an output and polls come in another order or number from run to run: the fault may be in any of them. */
async function isDetected(
  subject: RecordedCase,
  mutable: Mutable,
  check: string,
  place: Omit<Mutant, 'answers'>,
): Promise<boolean> {
  for (const mutant of mutable.like(place)) {
    if ((await tell(subject, mutant, {skipInvariants: true})).failed.includes(check)) return true;
  }
  return false;
}
