import {isDeepStrictEqual} from 'node:util';
import {applies, explains} from '../../lib/conformance/verdict/known.ts';
import type {Terms} from '../../lib/conformance/verdict/terms.ts';
import {verdict} from '../../lib/conformance/runner/run-case.ts';
import type {Check, Json} from '../../lib/results/record.ts';
import type {Mutant} from '../replay/faults/mutants.ts';
import type {RecordedCase} from '../replay/recorded-case.ts';
import {replay, type Less} from '../replay/replay.ts';

/** What a record says of a case in the end. */
export interface Seen {
  readonly outcome: string;
  readonly known: readonly string[];
  readonly stale: readonly string[];
  readonly facts: Readonly<Record<string, Json>>;
}

/** `caught`: the outcome is another one. `fact`: only what is published without being judged differs. */
export type Detection = 'caught' | 'fact' | 'survived';

/** A case that is told its own record with one thing wrong in it, again and again. */
export class Detector {
  readonly #subject: RecordedCase;
  readonly #right: Seen;
  /** What recorded deviations are counted in, as the record has it. */
  readonly #terms: Terms | undefined;

  private constructor(subject: RecordedCase, {seen, terms}: {seen: Seen; terms: Terms | undefined}) {
    this.#subject = subject;
    this.#right = seen;
    this.#terms = terms;
  }

  static async of(subject: RecordedCase): Promise<Detector> {
    return new Detector(subject, await see(subject, new Map(), {}));
  }

  /**
   * Does the case see what is wrong? Before it is told the invariants hold as they did; and one failure more than the
   * recorded ones is enough.
   */
  async under({answers}: Mutant): Promise<Detection> {
    const told = Math.min(...[...answers.keys()].map(({end}) => end));
    const whole = this.#right.outcome !== 'pass'; // a recorded deviation may be seen by an invariant, before or after
    const {
      seen: {facts, ...now},
    } = await see(this.#subject, answers, {
      skipInvariants: (place) => !whole && place < told,
      isEnough: (check) => !this.#isKnown(check),
    });
    const {facts: were, ...right} = this.#right;
    if (!isDeepStrictEqual(now, right)) return 'caught';
    return isDeepStrictEqual(facts, were) ? 'survived' : 'fact';
  }

  #isKnown(check: Check): boolean {
    const {
      entry,
      on: {known, ...on},
    } = this.#subject;
    const where = {caseId: entry.id, ...on, arch: this.#terms?.arch};
    return known.some((one) => applies(one, where) && explains(one, check, this.#terms));
  }
}

async function see(
  {entry, recording, on}: RecordedCase,
  answers: Mutant['answers'],
  less: Less,
): Promise<{seen: Seen; terms: Terms | undefined}> {
  const execution = await replay(entry, recording, answers, less);
  const {outcome, known, stale} = verdict(entry, execution, on);
  const seen = {outcome, known: known.map(({id}) => id), stale, facts: execution.checks.facts};
  return {seen, terms: execution.sessions[0]?.terms};
}
