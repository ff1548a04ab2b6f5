import {appendFileSync} from 'node:fs';
import type {Readable} from 'node:stream';
import {within} from '../util/deadline.ts';
import {Broken} from '../util/errors.ts';
import {clean, lastLines} from '../util/text.ts';

/** Marks that the guest's kernel is lost: it won't answer any more. */
const PANIC = /Kernel panic - not syncing|---\[ end Kernel panic/;
const KEEP = 256 * 1024;

/** The guest's kernel panicked; the message is its own. */
export class GuestPanic extends Broken {
  override name = 'GuestPanic';
}

/** The serial console: kept for evidence, watched for panics, bounded in memory. */
export class SerialConsole {
  /** Rejects with GuestPanic when the kernel panics; never resolves. */
  readonly panic: Promise<never>;
  /** The panic, once there was one: the loss of QEMU or of a shell may be noticed before it. */
  panicked: GuestPanic | undefined;
  #text = '';
  readonly #watchers = new Set<() => void>();

  constructor(stream: Readable, file?: string) {
    let fail: (error: Error) => void = () => undefined;
    this.panic = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    this.panic.catch(() => undefined); // a panic that nobody awaits is still seen in the text
    stream.on('data', (chunk: Buffer) => {
      if (file) appendFileSync(file, chunk);
      this.#text = (this.#text + chunk.toString('latin1')).slice(-KEEP);
      for (const look of this.#watchers) look();
      const line = this.#panicLine();
      if (line === undefined || this.panicked) return;
      this.panicked = new GuestPanic(`the guest's kernel panicked: ${line}`);
      fail(this.panicked);
    });
    stream.on('error', () => undefined); // the process's exit says more
  }

  /** The last lines, cleaned. */
  tail(lines = 20): string {
    return lastLines(clean(this.#text), lines);
  }

  /** Waits until the console has shown `pattern`, and returns the match. Throws DeadlineError, or GuestPanic. */
  async waitFor(pattern: RegExp, what: string, ms: number): Promise<RegExpExecArray> {
    let look: () => void = () => undefined;
    const seen = new Promise<RegExpExecArray>((resolve) => {
      look = () => {
        const match = pattern.exec(this.#text);
        if (match) resolve(match);
      };
    });
    this.#watchers.add(look);
    look();
    try {
      return await within(ms, what, Promise.race([seen, this.panic]));
    } finally {
      this.#watchers.delete(look);
    }
  }

  #panicLine(): string | undefined {
    // Only a whole line: the words after the dash are the reason, and they may come in the next chunk.
    return clean(this.#text).split('\n').slice(0, -1).find((line) => PANIC.test(line))?.trim();
  }
}
