import type {Observation} from '../../guest/observation.ts';
import type {Json} from '../../results/record.ts';
import type {Checks} from '../verdict/checks.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {isolatedPageblocks} from '../guest/isolated.ts';
import {differences} from '../verdict/unchanged.ts';

/** One thing that is done to an object after it was refused something. Its answer: an error, or how a request ended. */
export interface Act {
  readonly title: string;
  readonly run: () => Promise<Json>;
}

/** An object on one of the two guests. */
export interface TriedObject {
  /** Does to it what fails, and checks that it failed. */
  readonly fail: (t: Checks) => Promise<unknown>;
  /** Ends what made it fail, where that is something that goes on: done on both guests before the life. */
  readonly release?: () => Promise<unknown>;
  readonly life: readonly Act[];
  /** Ids of the blocks whose states tell how it is. */
  readonly blocks: readonly number[];
}

/** Prepares an object on a guest: the same way on both. */
export type Prepare = (guest: CaseGuest) => Promise<TriedObject>;

/**
 * Lets something fail on an object of one guest, and then lives the life of that object, and of the same one on a clone
 * on which nothing has failed. What was answered to each step and all that is seen after it must be the same: a refusal
 * may leave nothing behind, not even where nobody can look.
 */
export async function compareObject(
  t: Checks,
  guest: CaseGuest,
  untouched: () => Promise<CaseGuest>,
  prepare: Prepare,
): Promise<void> {
  const subject = await prepare(guest);
  const before = guest.now;
  await subject.fail(t);
  guest.expectUnchanged(before, 'after it failed');
  await subject.release?.();
  const other = await untouched();
  const like = await prepare(other);
  await like.release?.();
  const [expected, actual]: [Json[], Json[]] = [[], []];
  for (const [i, {title, run}] of like.life.entries()) {
    const answers = [await run(), await subject.life[i]?.run()];
    const differ = differences(other.now, guest.now);
    const seen = (one: CaseGuest, answer: Json | undefined): Record<string, Json> => ({
      step: title,
      answer: answer ?? null,
      blocks: standing(one.now, subject.blocks),
    });
    expected.push({...seen(other, answers[0]), ...differ.expected});
    actual.push({...seen(guest, answers[1]), ...differ.actual});
  }
  t.is(
    actual,
    expected,
    'what became of each step of its life',
    "as on an untouched guest: answers and the DIMM's blocks; of all else that is seen what differs",
  );
  t.is(
    await remnants(guest),
    await remnants(other),
    'what is left behind at the end',
    'as on an untouched guest: pageblocks, the direct mapping, bad pages, and memory maps (since 6.11)',
  );
}

/** States of blocks in short: `offline`, or the zone; `gone` where one isn't there. */
const standing = (now: Observation, ids: readonly number[]): string =>
  ids
    .map((id) => {
      const block = now.blocks.find((one) => one.id === id);
      if (!block) return 'gone';
      return block.state === 'online' ? block.validZones.join(' ') : block.state;
    })
    .join(', ');

/** What no field of `differences` shows. */
async function remnants(guest: CaseGuest): Promise<Json> {
  const {meminfo} = guest.now;
  const direct = Object.entries(meminfo)
    .filter(([name]) => name.startsWith('DirectMap'))
    .map(([, kb]) => kb);
  return {
    isolated: await isolatedPageblocks(guest),
    mapped: direct.reduce((sum, kb) => sum + kb, 0),
    corrupted: meminfo['HardwareCorrupted'] ?? null,
    memmap: (await guest.sh('grep ^nr_memmap_pages /proc/vmstat || true')).trim(),
  };
}
