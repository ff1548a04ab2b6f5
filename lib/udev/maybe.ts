/** What can be said of something that depends on the guest. */
export type Truth = 'yes' | 'no' | 'maybe';

/** What a string may be: one of `values`, or, where `open`, anything else as well. */
export interface Text {
  readonly values: readonly string[];
  readonly open: boolean;
}
