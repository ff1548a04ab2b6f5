import {isDeepStrictEqual} from 'node:util';
import type {Check, Json} from '../../results/record.ts';
import {clean} from '../../util/text.ts';

/** The guest does not do what was expected of it, so that the case can't go on. The check is already recorded. */
export class Deviation extends Error {
  override name = 'Deviation';
}

/** A check, and who made it: the case itself, a verb that it used on the way, or the invariants after each step. */
export interface MadeCheck extends Check {
  readonly by: 'case' | 'verb' | 'invariant';
  /** Where a replay was in its record when the check was made. */
  readonly place?: number;
}

/** What a replay wants of the checks. */
export interface ReplayOptions {
  /** Where the replay is in its record. */
  readonly place?: (() => number) | undefined;
  /** Does this failed check end the case, because its outcome is certain by then? */
  readonly isEnough?: ((check: Check) => boolean) | undefined;
}

/** An invariant that could not be judged, or not in full, after a step, and why. */
export interface NotJudged {
  readonly name: string;
  readonly step: string;
  readonly because: string;
}

interface Kept extends ReplayOptions {
  readonly made: MadeCheck[];
  readonly notJudged: NotJudged[];
  readonly facts: Record<string, Json>;
  step: string | undefined;
}

/**
 * The checks of a case. A check that fails is recorded and the case goes on, so that a report shows all that is
 * wrong; `require…` ends the case where the rest would make no sense.
 */
export class Checks {
  readonly #by: MadeCheck['by'];
  readonly #kept: Kept;

  constructor(replayed: ReplayOptions = {}, by: MadeCheck['by'] = 'case', like?: Checks) {
    this.#by = by;
    this.#kept = like ? like.#kept : {made: [], notJudged: [], facts: {}, step: undefined, ...replayed};
  }

  /** The same checks, for somebody else to add to. */
  as(by: MadeCheck['by']): Checks {
    return new Checks({}, by, this);
  }

  get made(): MadeCheck[] {
    return this.#kept.made;
  }

  get facts(): Record<string, Json> {
    return this.#kept.facts;
  }

  /** Every invariant that was not judged. */
  get allNotJudged(): readonly NotJudged[] {
    return this.#kept.notJudged;
  }

  /** Keeps for the record that an invariant could not be judged after this step. */
  notJudged(name: string, because: string): void {
    this.#kept.notJudged.push({name, step: clean(this.step ?? '', 500), because: clean(because, 1000)});
  }

  /** Title of the newest step. */
  get step(): string | undefined {
    return this.#kept.step;
  }

  set step(title: string | undefined) {
    this.#kept.step = title;
  }

  /** Compares two values of plain data, deeply. `because` derives the expected one for the reader. */
  is(actual: unknown, expected: unknown, name: string, because?: string): boolean {
    const [seen, wanted] = [toJson(actual), toJson(expected)];
    return this.#add({name, expected: wanted, actual: seen, ok: isDeepStrictEqual(seen, wanted)}, because);
  }

  /** Is the value one of several? */
  oneOf(actual: unknown, expected: readonly unknown[], name: string, because?: string): boolean {
    const seen = toJson(actual);
    const wanted = expected.map((value) => toJson(value));
    return this.#add(
      {name, expected: {oneOf: wanted}, actual: seen, ok: wanted.some((value) => isDeepStrictEqual(value, seen))},
      because,
    );
  }

  /** Is the number at least so large? For what has a bound and no fixed value, such as free memory. */
  atLeast(actual: number, minimum: number, name: string, because: string): boolean {
    return this.#add({name, expected: {atLeast: minimum}, actual, ok: actual >= minimum}, because);
  }

  /** As `is`, but the case ends here when it fails. Throws Deviation. */
  require(actual: unknown, expected: unknown, name: string, because?: string): void {
    if (!this.is(actual, expected, name, because)) throw new Deviation(name);
  }

  /** Publishes what the guest does, for the compatibility table. It is not judged. */
  fact(name: string, value: Json): void {
    this.facts[name] = toJson(value);
  }

  #add(check: Check, because: string | undefined): boolean {
    const place = this.#kept.place?.();
    this.made.push({
      ...check,
      by: this.#by,
      ...(place === undefined ? {} : {place}),
      ...(because ? {because} : {}),
      ...(this.step ? {step: this.step} : {}),
    });
    if (!check.ok && this.#kept.isEnough?.(check)) throw new Deviation(check.name);
    return check.ok;
  }
}

/** Plain data, with guest strings made safe. Maps and sets become what a reader expects of them. */
export function toJson(value: unknown): Json {
  if (typeof value === 'string') return clean(value, 20_000);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (value === undefined) return null;
  if (value instanceof Set) return [...value].map((item) => toJson(item));
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), toJson(item)]));
  if (Array.isArray(value)) return value.map((item) => toJson(item));
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
  throw new TypeError(`a check compares plain data, not a ${typeof value}`);
}
