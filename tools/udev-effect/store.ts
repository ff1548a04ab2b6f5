import {createHash} from 'node:crypto';
import {join} from 'node:path';
import {UsageError} from '../../lib/util/errors.ts';
import {readIfThere, writeWhole} from '../../lib/util/files.ts';
import type {Subject} from './subject.ts';
import {known, type Known, type Place, type Tried} from './guest.ts';
import {evidence, tryRules, type Evidence} from './trial.ts';

/** Change it when what is written down before can't be read or compared any more. */
const FORMAT = 1;

/** One thing to try: rules, in a guest, under a policy. */
export interface Pair {
  readonly subject: Subject;
  readonly place: Known;
  readonly policy: Tried;
}

/** Where what a guest told is kept; another text, guest or way of asking has another file. */
export function fileOf(dir: string, {subject, place, policy}: Pair): string {
  const key = createHash('sha256')
    .update(JSON.stringify([FORMAT, place.key, policy, subject.files]))
    .digest('hex');
  return join(dir, place.name, policy, `${subject.name.replace(/[^\w.-]/g, '-')}-${key.slice(0, 12)}.json`);
}

/** What a guest told of a pair, as it is kept. */
export async function keptEvidence(dir: string, pair: Pair): Promise<Evidence | undefined> {
  const kept = await readIfThere(fileOf(dir, pair));
  return kept === undefined ? undefined : evidence.parse(JSON.parse(kept));
}

/** Tries a pair in its guest, and keeps what it told. Throws Broken where the guest gives no verdict. */
export async function freshEvidence(dir: string, pair: Pair & {readonly place: Place}): Promise<Evidence> {
  const seen = await tryRules(pair.place, pair.subject.files, pair.policy);
  await writeWhole(fileOf(dir, pair), JSON.stringify(seen));
  return seen;
}

const placeFile = (dir: string, name: string): string => join(dir, name, 'guest.json');

/** Keeps what a guest is, for a later run that asks no guest. */
export async function keepPlace(dir: string, {name, key, machine, rules, where}: Place): Promise<void> {
  await writeWhole(placeFile(dir, name), JSON.stringify({name, key, machine, rules, where} satisfies Known));
}

/** What a guest was when it was tried last. */
export async function keptPlace(dir: string, name: string): Promise<Known> {
  const text = await readIfThere(placeFile(dir, name));
  if (text === undefined)
    throw new UsageError(
      `--kept: ${placeFile(dir, name)} is not there: rules were never tried on ${name}; leave --kept out, ` +
        `or name other guests by --guest`,
    );
  return known.parse(JSON.parse(text));
}
