import {isDeepStrictEqual} from 'node:util';
import {readRecords} from '../../lib/results/store.ts';
import type {Record} from '../../lib/results/record.ts';

/** The part of a record that must come out the same each time. */
type Verdict = Pick<Record, 'outcome' | 'reason'> & {
  readonly failed: readonly string[];
  readonly passed: readonly string[];
};

const verdictOf = ({outcome, reason, checks}: Record): Verdict => ({
  outcome,
  reason,
  failed: checks.filter(({ok}) => !ok).map(({name}) => name),
  passed: checks.filter(({ok}) => ok).map(({name}) => name),
});

/** The verdicts of a run that nothing happened to, by case. */
export type Reference = ReadonlyMap<string, Verdict>;

export const referenceFrom = (records: readonly Record[]): Reference =>
  new Map(records.map((record) => [record.case, verdictOf(record)]));

export const referenceOf = async (out: string): Promise<Reference> => referenceFrom(await readRecords(out));

/**
 * What is wrong with the records: each must be broken, or say what the reference says; `whole`: none is missing or
 * broken.
 */
export function wrongIn(records: readonly Record[], reference: Reference, {whole}: {whole: boolean}): string[] {
  const wrong = records.flatMap((record) => {
    if (record.outcome === 'broken' && !whole) return [];
    const expected = reference.get(record.case);
    const seen = verdictOf(record);
    return isDeepStrictEqual(seen, expected)
      ? []
      : [
          `${record.case}: ${seen.outcome} (${seen.reason.slice(0, 300)}), where the reference has ` +
            (expected?.outcome ?? 'nothing'),
        ];
  });
  const missing = whole
    ? [...reference.keys()]
        .filter((id) => !records.some((record) => record.case === id))
        .map((id) => `${id}: no record`)
    : [];
  return [...wrong, ...missing];
}
