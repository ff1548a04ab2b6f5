import {setTimeout} from 'node:timers/promises';

/** Time as it passes for somebody who asks again and again. */
export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export const realClock: Clock = {now: () => performance.now(), sleep: (ms) => setTimeout(ms)};

/** A clock that only sleepers move, by a part of what they sleep: nobody waits. */
export function sleepersClock(part = 1): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: (ms) => {
      now += ms * part;
      return new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
}

/** Counts milliseconds from now on, whatever becomes of the wall clock. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => Math.round(performance.now() - start);
}
