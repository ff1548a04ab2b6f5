import {createHash} from 'node:crypto';
import {join} from 'node:path';
import {readIfThere, writeWhole} from '../../util/files.ts';
import type {Subject} from './corpus.ts';
import type {Place, Tried} from './guest.ts';
import {evidence, tryRules, type Evidence} from './trial.ts';

/** Change it when what is written down before can't be read or compared any more. */
const FORMAT = 1;

/** One thing to try: rules, in a guest, under a policy. */
export interface Pair {
  readonly subject: Subject;
  readonly place: Place;
  readonly policy: Tried;
}

/** Where what a guest told is kept; another text, guest or way of asking has another file. */
export function fileOf(dir: string, {subject, place, policy}: Pair): string {
  const key = createHash('sha256').update(JSON.stringify([FORMAT, place.subject.template.key, policy, subject.files])).digest('hex');
  return join(dir, place.name, policy, `${subject.name.replace(/[^\w.-]/g, '-')}-${key.slice(0, 12)}.json`);
}

/** What a guest told of a pair: as it is kept, or tried now. Throws Broken where the guest gives no verdict. */
export async function evidenceOf(dir: string, pair: Pair): Promise<{seen: Evidence; fresh: boolean}> {
  const file = fileOf(dir, pair);
  const kept = await readIfThere(file);
  if (kept !== undefined) return {seen: evidence.parse(JSON.parse(kept)), fresh: false};
  const seen = await tryRules(pair.place, pair.subject.files, pair.policy);
  await writeWhole(file, JSON.stringify(seen));
  return {seen, fresh: true};
}
