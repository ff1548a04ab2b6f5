import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parse} from 'yaml';
import {z} from 'zod';
import type {Mutant} from '../replay/faults/mutants.ts';
import {UsageError} from '../../lib/util/errors.ts';
import {root} from '../../lib/util/paths.ts';

/** Mutants by patterns, in which `*` stands for any text; and why. */
const rule = z.strictObject({
  case: z.string().default('*'),
  fault: z.string(),
  at: z.string().default('*'),
  about: z.string().default('*'),
  reason: z.string().min(20),
});
const table = z.strictObject({
  /**
   * Parts of an observation that nobody could know to be wrong: what differs in them alone is not injected, but
   * counted.
   */
  unknowable: z.array(
    z.strictObject({
      part: z.enum(['meminfo', 'zoneinfo', 'log', 'buses']),
      but: z.array(z.string()).default([]),
      reason: z.string().min(20),
    }),
  ),
  /** Other mutants that nobody could know to be wrong: never injected, but counted. */
  equivalent: z.array(rule),
  /** What no case sees, and why that is so. One that all see by now is stale. */
  survivors: z.array(rule),
});

export type Rule = z.infer<typeof rule>;
export type MutantTable = z.infer<typeof table>;

export const TABLE = join(root, 'tools', 'mutate', 'mutants.yaml');

/** Reads tools/mutate/mutants.yaml. Throws UsageError where it is malformed. */
export async function readMutantTable(file = TABLE): Promise<MutantTable> {
  const parsed = table.safeParse(parse(await readFile(file, 'utf8')));
  if (!parsed.success) throw new UsageError(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Where a mutant is, by its names. */
export type Place = Pick<Mutant, 'fault' | 'at' | 'about'> & {readonly case: string};

/** For each of the rules that name the mutant its number; the first one counts. */
export function ruleFinder(rules: readonly Rule[]): (place: Place) => number | undefined {
  const tests = rules.map((one) =>
    (['fault', 'case', 'at', 'about'] as const).map((key) => ({key, test: pattern(one[key])})),
  );
  return (place) => {
    const found = tests.findIndex((parts) => parts.every(({key, test}) => test(place[key])));
    return found < 0 ? undefined : found;
  };
}

/** `{a,b}` stands for one of several, `*` for any text. */
export function pattern(text: string): (value: string) => boolean {
  if (text === '*') return () => true;
  const source = text
    .replaceAll(/[\\^$.|?+()[\]]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll(/\{([^}]*)\}/g, (_all, words: string) => `(?:${words.replaceAll(',', '|')})`);
  const regexp = new RegExp(`^${source}$`, 's');
  return (value) => regexp.test(value);
}
