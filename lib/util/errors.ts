/** The user's input can't be used: one clear message, exit status 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** No verdict is possible: the harness, the host or the infrastructure failed, not the guest. */
export class Broken extends Error {
  override name = 'Broken';
}

/** Something did not happen within its time. `what` names it in the reader's words. */
export class DeadlineError extends Broken {
  override name = 'DeadlineError';
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
