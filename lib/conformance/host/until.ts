import type {CaseGuest} from '../guest/guest.ts';

/** Reads a value until it is as wanted; at the deadline of an operation the last one, whatever it is. */
export async function until<T>(guest: CaseGuest, read: () => Promise<T>, isWanted: (value: T) => boolean): Promise<T> {
  const {clock} = guest.session.clone;
  const end = clock.now() + guest.session.limits.operationMs;
  for (;;) {
    const value = await read();
    if (isWanted(value) || clock.now() > end) return value;
    await clock.sleep(50);
  }
}
