import {DeadlineError} from '../../lib/util/errors.ts';

/** Something was waited for that the record doesn't have any more. */
export class NeverComes extends DeadlineError {
  override name = 'NeverComes';
}

interface Pending {
  readonly end: number;
  readonly settle: () => void;
}

interface Waiting {
  readonly look: () => boolean;
  readonly expire: () => void;
}

/**
 * The order in which a replayed case hears its answers: that of the record. Whenever everybody waits, the next thing
 * is told; so two shells at the same time interleave as they did, and nobody waits for real time to pass.
 */
export class Timeline {
  readonly #pending = new Set<Pending>();
  readonly #waiting = new Set<Waiting>();
  /** What comes by itself, in its order. */
  readonly #coming: {readonly n: number; readonly tell: () => void}[] = [];
  #running = false;
  #place = 0;

  /** How far the record has been told. */
  get place(): number {
    return this.#place;
  }

  /** Something that will come by itself. All of it is known before the case begins. */
  comes(n: number, tell: () => void): void {
    this.#coming.push({n, tell});
    this.#coming.sort((a, b) => a.n - b.n);
  }

  /** Resolves when the record has come to `end`; never before what came by itself until then. */
  until(end: number): Promise<void> {
    return new Promise((resolve) => {
      this.#pending.add({end, settle: resolve});
      this.#run();
    });
  }

  /** Waits for something among what comes by itself. Rejects with NeverComes as soon as nothing is left to come. */
  find<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.add({
        look: () => {
          const found = look();
          if (found !== undefined) resolve(found);
          return found !== undefined;
        },
        expire: () => {
          reject(new NeverComes(`${what}: it never comes in the record`));
        },
      });
      this.#run();
    });
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => {
      this.#turn();
    });
  }

  /** Tells one thing, then lets everybody who heard it go on until they wait again. */
  #turn(): void {
    this.#running = false;
    const next = [...this.#pending].reduce<Pending | undefined>(
      (first, one) => (first === undefined || one.end < first.end ? one : first),
      undefined,
    );
    const [coming] = this.#coming;
    const comesFirst = coming !== undefined && (next === undefined ? this.#waiting.size > 0 : coming.n < next.end);
    if (comesFirst) {
      this.#coming.shift();
      this.#place = Math.max(this.#place, coming.n);
      coming.tell();
      for (const one of this.#waiting) if (one.look()) this.#waiting.delete(one);
    } else if (next !== undefined) {
      this.#pending.delete(next);
      this.#place = Math.max(this.#place, next.end);
      next.settle();
    } else {
      for (const one of this.#waiting) one.expire();
      this.#waiting.clear();
      return;
    }
    this.#run();
  }
}
