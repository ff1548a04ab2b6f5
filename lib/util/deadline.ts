import {DeadlineError} from './errors.ts';

/**
 * Awaits `promise` for at most `ms` milliseconds, or until `signal` aborts.
 * Throws DeadlineError naming `what` and, where given, the last value seen.
 */
export async function within<T>(ms: number, what: string, promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineError(`${what}: not within ${(ms / 1000).toFixed(1)} s`));
    }, ms);
    onAbort = () => {
      reject(reasonOf(signal, what));
    };
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, {once: true});
  });
  promise.catch(() => undefined); // when the limit wins, a later failure of the promise has no reader
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal?.removeEventListener('abort', onAbort);
  }
}

function reasonOf(signal: AbortSignal | undefined, what: string): Error {
  return signal?.reason instanceof Error ? signal.reason : new DeadlineError(`${what}: aborted`);
}
