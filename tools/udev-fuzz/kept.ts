/** Seeds that the unit tests run, and files that have failed once. */
export const kept: {
  readonly seed: readonly number[];
  readonly runs: number;
  readonly failures: Readonly<Record<string, string>>;
} = {seed: [1, 20_260_101], runs: 80, failures: {}};
