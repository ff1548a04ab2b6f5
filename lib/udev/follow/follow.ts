import type {RulesFile} from '../rules/rule.ts';
import {followEvent} from './event.ts';
import {explore, type Way} from './explore.ts';
import {sliced} from './slice.ts';
import {TooLong, type Budget, type Event, type Followed} from './types.ts';

/** All ways that an event can go. `all`: there are no others; more are not followed. */
export interface Ways {
  readonly ways: readonly Way<Followed>[];
  readonly all: boolean;
}

/** Steps of one event on all its ways: rules that matter, and commands of scripts. */
const STEPS = 200_000;

/** Follows an event through all rules that matter to memory, on all ways that it can go. */
export function follow(
  files: readonly RulesFile[],
  event: Event,
  complete: boolean,
  budget: Budget = {left: STEPS},
): Ways {
  const rules = sliced(files);
  const found: Way<Followed>[] = [];
  try {
    const all = explore(
      (oracle) => followEvent(rules, event, complete, oracle, budget),
      (way) => found.push(way),
    );
    return {ways: found, all};
  } catch (error) {
    if (!(error instanceof TooLong)) throw error;
    return {ways: found, all: false};
  }
}
