import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import picomatch from 'picomatch';
import {z} from 'zod';
import type {Check} from '../../results/record.ts';
import {ARCHES, type Arch} from '../../image/image.ts';
import {parseYaml} from '../../image/yaml.ts';
import {root} from '../../util/paths.ts';
import {compareReleases} from '../../util/releases.ts';
import {inTermsOf, type Terms} from './terms.ts';

/** A recorded deviation: under which condition exactly what is seen instead, and why. */
const deviation = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** Case id; `*` stands for any part of it. */
  case: z.string().min(1),
  /** Name of the check; `*` stands for any part of it. */
  check: z.string().min(1),
  /** Kernel range, e.g. `>=6.5 <6.13`. */
  kernel: z
    .string()
    .regex(/^(?:(?:>=|<)\d+(?:\.\d+)*)(?: (?:>=|<)\d+(?:\.\d+)*)*$/)
    .optional(),
  /** Architectures it was seen on; any, where it is left out. */
  arch: z.array(z.enum(ARCHES)).optional(),
  /** Guests it was seen on; any, where it is left out. */
  guests: z.array(z.string()).optional(),
  /** What is seen instead, in the terms of terms.ts where it isn't the same on every guest. Anything else stays a failure. */
  actual: z.json(),
  /** It depends on timing: a run without it is no sign that it is gone. */
  intermittent: z.literal(true).optional(),
  explanation: z.string(),
  link: z.string(),
});
export type KnownDeviation = z.infer<typeof deviation>;

const FILE = join(root, 'suites', 'known.yaml');

/** Reads suites/known.yaml. Throws UsageError where it is malformed. */
export async function readKnown(file = FILE): Promise<KnownDeviation[]> {
  return parseYaml(file, await readFile(file, 'utf8'), z.array(deviation).nullable()) ?? [];
}

interface Where {
  readonly caseId: string;
  readonly kernel: string;
  readonly guest: string;
  /** Undefined where the guest was never seen. */
  readonly arch: Arch | undefined;
}

/** Does the deviation's condition hold here, so that it should be seen? */
export function applies({case: pattern, kernel, arch, guests}: KnownDeviation, where: Where): boolean {
  if (!matches(pattern, where.caseId)) return false;
  if (arch && !(where.arch && arch.includes(where.arch))) return false;
  if (guests && !guests.includes(where.guest)) return false;
  return (kernel ?? '')
    .split(' ')
    .filter(Boolean)
    .every((bound) => {
      const newer = compareReleases(where.kernel, bound.replace(/^\D+/, '')) >= 0;
      return bound.startsWith('>=') ? newer : !newer;
    });
}

/**
 * The deviation that explains a failed check: this check, and exactly what was seen. Without the guest's terms a value
 * in terms explains nothing.
 */
export const explains = (known: KnownDeviation, check: Check, terms: Terms | undefined): boolean =>
  !check.ok &&
  matches(known.check, check.name) &&
  isDeepStrictEqual(terms ? inTermsOf(known.actual, terms) : known.actual, check.actual);

/** A deviation that should have shown: its check was made and held. Never one that is intermittent. */
export const isStale = (known: KnownDeviation, checks: readonly Check[]): boolean => {
  if (known.intermittent) return false;
  const named = checks.filter(({name}) => matches(known.check, name));
  return named.length > 0 && named.every(({ok}) => ok);
};

const matches = (pattern: string, text: string): boolean =>
  pattern === text ||
  picomatch.isMatch(text, pattern, {bash: true, nobrace: true, noextglob: true, nobracket: true, dot: true});
