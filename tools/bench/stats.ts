/** What was measured several times. */
export interface Measured {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How often. */
  readonly n: number;
  readonly unit: string;
}

/** Median and spread of values of one unit. */
export function measured(values: readonly number[], unit: string): Measured {
  if (values.length === 0) throw new RangeError('nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
    n: sorted.length,
    unit,
  };
}

/**
 * The quotients of two series that were measured by turns: what a busy moment does to one value, it does to its
 * neighbour.
 */
export const quotients = (upper: readonly number[], lower: readonly number[]): number[] =>
  upper.slice(0, lower.length).map((value, i) => value / (lower[i] ?? NaN));

/** Milliseconds that an action takes, and what it returns. */
export async function timed<T>(action: () => Promise<T>): Promise<{ms: number; value: T}> {
  const start = process.hrtime.bigint();
  const value = await action();
  return {ms: Number(process.hrtime.bigint() - start) / 1e6, value};
}
