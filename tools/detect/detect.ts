import {verdict} from '../../lib/conformance/runner/run-case.ts';
import type {Check, Outcome} from '../../lib/results/record.ts';
import {Diverged} from '../replay/clone.ts';
import type {Fault} from '../replay/faults/fault.ts';
import {faults, Mutable, type Mutant} from '../replay/faults/mutants.ts';
import type {RecordedCase} from '../replay/recorded-case.ts';
import type {Entry} from '../replay/recording.ts';
import {replay} from '../replay/replay.ts';
import {NeverComes} from '../replay/timeline.ts';

/** What a case says when it is told what was recorded, or something wrong in its place. */
export interface Told {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly checks: readonly Check[];
  /**
   * The checks that the case itself made, without those of its verbs and the invariants: by name, numbered where it
   * comes again.
   */
  readonly own: ReadonlyMap<string, Check & {readonly place?: number}>;
  /**
   * Names of those that failed, unexplained, in a case that ended with a verdict, or went where the record doesn't
   * reach.
   */
  readonly failed: readonly string[];
}

export async function tell(
  {entry, recording, on}: RecordedCase,
  mutant?: Mutant,
  {skipInvariants = false} = {},
): Promise<Told> {
  const execution = await replay(entry, recording, mutant?.answers, {skipInvariants: () => skipInvariants});
  const {outcome, reason, checks} = verdict(entry, execution, on);
  const own = numbered(
    checks.flatMap((check, i) => {
      const {by, place = Infinity} = execution.checks.made[i] ?? {};
      return by === 'case' ? [{...check, place}] : [];
    }),
  );
  const failed = [...own].filter(([, {ok, known}]) => !ok && known === undefined).map(([name]) => name);
  return {
    outcome,
    reason,
    checks,
    own,
    failed: outcome === 'fail' || leftRecord(execution.error, mutant) ? failed : [],
  };
}

/** Did the case go where the record doesn't reach? An event that the fault itself took away is none of that. */
const leftRecord = (error: unknown, mutant: Mutant | undefined): boolean =>
  error instanceof Diverged ||
  (error instanceof NeverComes && ![...(mutant?.answers.keys() ?? [])].some(({kind}) => kind === 'event'));

function numbered<T extends Check>(checks: readonly T[]): Map<string, T> {
  const byName = new Map<string, T>();
  for (const check of checks) {
    let name = check.name;
    for (let i = 2; byName.has(name); i++) name = `${check.name} (${i})`;
    byName.set(name, check);
  }
  return byName;
}

/** A fault under which a check of the case's own fails. */
export interface Detected extends Omit<Mutant, 'answers'> {
  readonly check: string;
}

/**
 * For each of a case's own checks the first fault, in the order of the catalogue, that makes it fail; of its places the
 * last one. Faults that stay come last. `undetected`: checks that nothing in the catalogue detects. `of`: these checks
 * alone.
 */
export async function detectedOf(
  subject: RecordedCase,
  of?: ReadonlySet<string>,
): Promise<{detected: Detected[]; undetected: string[]}> {
  const own = [...(await tell(subject)).own].filter(([name]) => of?.has(name) ?? true);
  const wanted = new Map(own.map(([name, {place = Infinity}]) => [name, place]));
  const inOrder = [...wanted.keys()];
  const found = new Map<string, Detected>();
  const mutable = new Mutable(subject.recording);
  for (const [place, fault, lasting] of placesOf(mutable)) {
    if (wanted.size === 0) break;
    if (place.end > Math.max(...wanted.values())) continue; // it is told when those checks have been made
    for (const {answers, ...mutant} of mutable.at(place, fault, lasting)) {
      for (const check of (await tell(subject, {answers, ...mutant}, {skipInvariants: true})).failed) {
        if (wanted.delete(check)) found.set(check, {check, ...mutant});
      }
    }
  }
  return {detected: inOrder.flatMap((check) => found.get(check) ?? []), undetected: [...wanted.keys()]};
}

function* placesOf(mutable: Mutable): Iterable<[place: Entry, fault: Fault, lasting: boolean]> {
  for (const lasting of [false, true]) {
    for (const fault of faults) {
      for (const place of mutable.entries.toReversed()) yield [place, fault, lasting];
    }
  }
}
