/** Random numbers that a seed repeats. */
export interface Random {
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number;
  /** One of several. */
  pick<T>(from: readonly [T, ...T[]]): T;
  /** True once in so many times. */
  oneIn(times: number): boolean;
}

/** Mulberry32: numbers from 0 up to and without 1. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same, seeded by a number and what else is told apart by it. */
export function randomOf(seed: number, ...more: readonly (number | string)[]): Random {
  const next = mulberry32(
    [seed, ...more]
      .join(' ')
      .split('')
      .reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5),
  );
  const whole = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {whole, pick: (from) => from[whole(0, from.length - 1)] ?? from[0], oneIn: (times) => whole(1, times) === 1};
}
