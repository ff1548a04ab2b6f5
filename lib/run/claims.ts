import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import type {Case} from '../conformance/runner/case.ts';
import {parseYaml} from '../image/yaml.ts';
import {UsageError} from '../util/errors.ts';
import {root} from '../util/paths.ts';

/** A testable statement of a reference document, in our own words. */
const claim = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(?:\/[a-z0-9-]+)+$/),
  section: z.string(),
  statement: z.string(),
  /** must: a deviation is a failure. should: documented as usual. info: what the guest does is published. */
  level: z.enum(['must', 'should', 'info']),
  needs: z.array(z.string()).optional(),
  /** Why no case can test it. */
  reason: z.string().optional(),
});
const claimsFile = z.strictObject({document: z.string(), claims: z.array(claim)});
export type Claim = z.infer<typeof claim> & {readonly document: string};

/** Every claim of suites/claims/*.yaml. Throws UsageError where a file is malformed or an id is given twice. */
export async function readClaims(dir = join(root, 'suites', 'claims')): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const name of (await readdir(dir)).filter((file) => file.endsWith('.yaml')).sort()) {
    const {document, claims: own} = parseYaml(join(dir, name), await readFile(join(dir, name), 'utf8'), claimsFile);
    for (const one of own) {
      if (claims.some(({id}) => id === one.id))
        throw new UsageError(`${join(dir, name)}: the claim ${one.id} is there twice`);
      claims.push({...one, document});
    }
  }
  return claims;
}

/** A claim with the cases that test it. */
export interface Traced extends Claim {
  readonly cases: readonly string[];
}

export const trace = (claims: readonly Claim[], cases: readonly Case[]): Traced[] =>
  claims.map((one) => ({...one, cases: cases.filter((entry) => entry.claims.includes(one.id)).map(({id}) => id)}));

/** What is wrong with the traceability: claims without a case or a reason, and cases that name no claim there is. */
export function gaps(traced: readonly Traced[], cases: readonly Case[]): string[] {
  const ids = new Set(traced.map(({id}) => id));
  return [
    ...traced
      .filter((one) => one.cases.length === 0 && one.reason === undefined)
      .map(({id}) => `the claim ${id} has no case`),
    ...cases.flatMap((entry) =>
      entry.claims.filter((id) => !ids.has(id)).map((id) => `the case ${entry.id} names ${id}, which is no claim`),
    ),
  ];
}
