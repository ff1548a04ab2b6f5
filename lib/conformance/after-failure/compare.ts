import type {Observation} from '../../guest/observation.ts';
import type {Checks} from '../verdict/checks.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {isolatedPageblocks} from '../guest/isolated.ts';
import {differences} from '../verdict/unchanged.ts';

/**
 * Prepares a guest for something that fails, and returns the attempt, which checks itself that it failed. Both guests
 * are prepared; only on one of them it is attempted.
 */
export type Failure = (guest: CaseGuest) => Promise<(t: Checks) => Promise<unknown>>;

const TIMES = 3;

/**
 * Does what fails three times, then the normal life of a new DIMM, and compares each step of that life with the same
 * step on an untouched clone: all three views, field by field. Nothing that failed may change how later operations
 * behave.
 */
export async function compareAfterFailure(
  t: Checks,
  guest: CaseGuest,
  untouched: () => Promise<CaseGuest>,
  failure: Failure,
): Promise<void> {
  const attempt = await failure(guest);
  const before = guest.now;
  for (let time = 1; time <= TIMES; time++) {
    await attempt(t);
    guest.expectUnchanged(
      before,
      `after it failed for the ${['first', 'second', 'third'][time - 1] ?? String(time)} time`,
    );
  }
  t.is(
    await isolatedPageblocks(guest),
    {},
    'pageblocks that are still isolated',
    'a failed offlining gives all of its pages back to the allocator',
  );
  const other = await untouched();
  await failure(other);
  const lives = [await life(other), await life(guest)];
  for (const [i, {title, now}] of (lives[0] ?? []).entries()) {
    const {expected, actual} = differences(now, lives[1]?.[i]?.now ?? now);
    t.is(
      actual,
      expected,
      `${title}: the same as on an untouched guest`,
      "blocks, zones, nodes, iomem, MemTotal and QEMU's devices, compared field by field",
    );
  }
}

interface Moment {
  readonly title: string;
  readonly now: Observation;
}

/** Plug, online to both kinds of zone, offline, unplug, and everything seen after each. */
async function life(guest: CaseGuest): Promise<Moment[]> {
  const moments: Moment[] = [];
  const seen = (title: string): unknown => moments.push({title, now: guest.now});
  const dimm = await guest.plugDimm({id: 'later', size: guest.inBlocks(3)});
  seen('a DIMM plugged afterwards');
  const [low, middle, high] = dimm.blocks;
  await low?.online('online_movable');
  await high?.online('online_movable');
  await middle?.online('online');
  seen('its blocks onlined, the outer ones to Movable, then the middle one plainly');
  await dimm.offline();
  seen('its blocks offlined');
  await dimm.online('online_movable');
  await dimm.unplug();
  seen('its unplug while it is online');
  return moments;
}
