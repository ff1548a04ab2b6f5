import {appendFileSync} from 'node:fs';
import type {Readable} from 'node:stream';
import {within} from '../util/deadline.ts';
import {Broken} from '../util/errors.ts';
import {clean, lastLines} from '../util/text.ts';
import {MiB} from '../util/size.ts';

/** Marks that the guest's kernel is lost: it won't answer any more. */
const PANIC = /Kernel panic - not syncing|---\[ end Kernel panic/;
const KEEP = 256 * 1024;
/** No line of a kernel is longer; of a longer one only the end is looked at. */
const LINE = 16 * 1024;
/** A guest that says more floods: the rest is not kept. */
const FILE_LIMIT = 64 * MiB;

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
  /** The line that has not ended yet. */
  #line = '';
  #written = 0;
  readonly #watchers = new Set<() => void>();

  constructor(stream: Readable, file?: string) {
    let fail: (error: Error) => void = () => undefined;
    this.panic = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    this.panic.catch(() => undefined); // a panic that nobody awaits is still seen in the text
    stream.on('data', (chunk: Buffer) => {
      if (file) this.#write(file, chunk);
      const text = chunk.toString('latin1'); // byte by byte: a character may come in two chunks
      this.#text += text;
      if (this.#text.length > 2 * KEEP) this.#text = this.#text.slice(-KEEP); // not at each chunk, which may be a byte
      for (const look of this.#watchers) look();
      const line = this.#panicLine(text);
      if (line === undefined || this.panicked) return;
      this.panicked = new GuestPanic(`the guest's kernel panicked: ${line}`);
      fail(this.panicked);
    });
    stream.on('error', () => undefined); // the process's exit says more
  }

  /** The last lines, cleaned. */
  tail(lines = 20): string {
    return lastLines(cleanBytes(this.#text), lines);
  }

  /**
   * Waits until the console has shown `pattern`, and returns the match. Throws DeadlineError, GuestPanic, what `gone`
   * (of its QEMU) rejects with, or the reason of `signal`. A race around it would leave its timer, and the process alive.
   */
  async waitFor(
    pattern: RegExp,
    what: string,
    ms: number,
    {gone, signal}: {readonly gone?: Promise<never>; readonly signal?: AbortSignal | undefined} = {},
  ): Promise<RegExpExecArray> {
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
      return await within(ms, what, Promise.race([seen, this.panic, ...(gone ? [gone] : [])]), signal);
    } finally {
      this.#watchers.delete(look);
    }
  }

  /**
   * Looks at the lines that a chunk ends. Only a whole line: the words after the dash are the reason, and they may come
   * in the next chunk.
   */
  #panicLine(chunk: string): string | undefined {
    const end = chunk.lastIndexOf('\n');
    const lines = end < 0 ? [] : (this.#line + chunk.slice(0, end)).split('\n');
    this.#line = end < 0 ? this.#line + chunk : chunk.slice(end + 1);
    if (this.#line.length > 2 * LINE) this.#line = this.#line.slice(-LINE);
    return lines
      .map((line) => cleanBytes(line.slice(-LINE)))
      .find((line) => PANIC.test(line))
      ?.trim();
  }

  #write(file: string, chunk: Buffer): void {
    if (this.#written > FILE_LIMIT) return;
    this.#written += chunk.length;
    appendFileSync(
      file,
      this.#written > FILE_LIMIT ? `\n[cut: the guest's console says more than ${FILE_LIMIT} bytes]\n` : chunk,
    );
  }
}

/** Cleans text whose characters are bytes. */
const cleanBytes = (bytes: string): string => clean(Buffer.from(bytes, 'latin1').toString('utf8'));
