import type {VmmEvent, VmmEvents} from '../../vmm.ts';
import {within} from '../../../util/deadline.ts';
import {Broken, DeadlineError} from '../../../util/errors.ts';

export interface QmpEvent extends VmmEvent {
  readonly timestamp: {readonly seconds: number; readonly microseconds: number};
}

type Match = (event: QmpEvent) => boolean;
interface Waiter {
  readonly match: Match;
  readonly resolve: (event: QmpEvent) => void;
  readonly reject: (error: Error) => void;
}

/**
 * All events in the order of arrival. A waiter names the place from which it looks, taken before the
 * command that causes the event, so that an event can't slip through between command and wait.
 */
export class EventLog implements VmmEvents {
  readonly #events: QmpEvent[] = [];
  readonly #waiters = new Set<Waiter>();
  #closed: Error | undefined;

  /** The place after the newest event. */
  mark(): number {
    return this.#events.length;
  }

  /** The events since a mark. */
  since(mark: number): readonly QmpEvent[] {
    return this.#events.slice(mark);
  }

  /**
   * The first event since `mark` that matches, waiting at most `ms`. Throws DeadlineError listing what came instead.
   */
  async next(mark: number, what: string, match: Match, ms: number): Promise<QmpEvent> {
    const there = this.since(mark).find(match);
    if (there) return there;
    if (this.#closed) throw this.#closed;
    let waiter: Waiter | undefined;
    const event = new Promise<QmpEvent>((resolve, reject) => {
      waiter = {match, resolve, reject};
      this.#waiters.add(waiter);
    });
    try {
      return await within(ms, `event ${what}`, event);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      const seen = this.since(mark).map(({event: name}) => name);
      throw new DeadlineError(`${error.message} (events since: ${seen.join(', ') || 'none'})`);
    } finally {
      if (waiter) this.#waiters.delete(waiter);
    }
  }

  /** The same, or undefined where none came in time: for what a case checks. */
  async nextOrNone(mark: number, what: string, match: Match, ms: number): Promise<QmpEvent | undefined> {
    try {
      return await this.next(mark, what, match, ms);
    } catch (error) {
      if (error instanceof DeadlineError) return undefined;
      throw error;
    }
  }

  add(event: QmpEvent): void {
    this.#events.push(event);
    for (const waiter of this.#waiters) {
      try {
        if (waiter.match(event)) waiter.resolve(event);
      } catch (error) {
        // an event that its reader can't read is the reader's business
        waiter.reject(error instanceof Error ? error : new Broken(String(error)));
      }
    }
  }

  close(reason: Error): void {
    this.#closed = reason;
    for (const {reject} of this.#waiters) reject(reason);
    this.#waiters.clear();
  }
}
