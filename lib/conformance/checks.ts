import {isDeepStrictEqual} from 'node:util';
import type {Check, Json} from '../results/record.ts';
import {clean} from '../util/text.ts';

/** The guest does not do what was expected of it, so that the case can't go on. The check is already recorded. */
export class Deviation extends Error {
  override name = 'Deviation';
}

/**
 * The checks of a case. A check that fails is recorded and the case goes on, so that a report shows all that is
 * wrong; `require…` ends the case where the rest would make no sense.
 */
export class Checks {
  readonly made: Check[] = [];
  readonly facts: Record<string, Json> = {};
  step: string | undefined;

  /** Compares two values of plain data, deeply. `because` derives the expected one for the reader. */
  is(actual: unknown, expected: unknown, name: string, because?: string): boolean {
    const check = {name, expected: toJson(expected), actual: toJson(actual)};
    const ok = isDeepStrictEqual(check.actual, check.expected);
    this.made.push({...check, ok, ...(because ? {because} : {}), ...(this.step ? {step: this.step} : {})});
    return ok;
  }

  /** Is the value one of several? */
  oneOf(actual: unknown, expected: readonly unknown[], name: string, because?: string): boolean {
    const seen = toJson(actual);
    const wanted = expected.map((value) => toJson(value));
    const ok = wanted.some((value) => isDeepStrictEqual(value, seen));
    this.made.push({name, expected: {oneOf: wanted}, actual: seen, ok, ...(because ? {because} : {}), ...(this.step ? {step: this.step} : {})});
    return ok;
  }

  /** Is the number at least so large? For what has a bound and no fixed value, such as free memory. */
  atLeast(actual: number, minimum: number, name: string, because: string): boolean {
    const ok = actual >= minimum;
    this.made.push({name, expected: {atLeast: minimum}, actual, ok, because, ...(this.step ? {step: this.step} : {})});
    return ok;
  }

  /** As `is`, but the case ends here when it fails. Throws Deviation. */
  require(actual: unknown, expected: unknown, name: string, because?: string): void {
    if (!this.is(actual, expected, name, because)) throw new Deviation(name);
  }

  /** Publishes what the guest does, for the compatibility table. It is not judged. */
  fact(name: string, value: Json): void {
    this.facts[name] = toJson(value);
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
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
  throw new TypeError(`a check compares plain data, not a ${typeof value}`);
}
