import {randomBytes} from 'node:crypto';
import type {Duplex} from 'node:stream';
import {within} from '../util/deadline.ts';
import {Broken} from '../util/errors.ts';
import {OUTPUT_LIMIT, type Shell, type ShellResult} from './shell.ts';

/** Characters that hold an answer's last line: `memhp-end`, nonce, status. */
const TAIL = 64;
const MANY = 4096;

/**
 * A shell on a virtio-serial port or a raw serial line, served by the loop in serve.ts.
 * It survives freezing and cloning, so a clone answers without a handshake.
 */
export class PortShell implements Shell {
  readonly kind = 'port';
  readonly #stream: Duplex;
  #chunks: Buffer[] = [];
  /**
   * Chunks that are put together as soon as they are many: as objects, single bytes would take hundreds of times their
   * size.
   */
  #small: Buffer[] = [];
  #size = 0;
  #tail = '';
  #wake: () => void = () => undefined;
  #lost: Error | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#size += chunk.length;
      if (this.#size > OUTPUT_LIMIT)
        this.#lose(new Broken(`the guest's shell printed more than ${OUTPUT_LIMIT} bytes`));
      else this.#keep(chunk);
      // A serial line brings single bytes: only the end is looked at until it is the end of the answer.
      this.#tail = (this.#tail + chunk.toString('latin1')).slice(-TAIL);
      this.#wake();
    });
    const end = (): void => {
      this.#lose(new Broken("the guest's shell port was closed"));
    };
    stream.on('close', end);
    stream.on('error', end);
  }

  run(script: string, ms: number, where?: 'here'): Promise<ShellResult> {
    const turn = this.#queue.then(() => this.#exchange(script, ms, where ?? 'apart'));
    this.#queue = turn.catch(() => undefined); // its own caller hears of the failure; the next one has its own turn
    return turn;
  }

  close(): void {
    this.#stream.destroy();
  }

  async #exchange(script: string, ms: number, where: string): Promise<ShellResult> {
    if (this.#lost) throw this.#lost;
    const nonce = randomBytes(8).toString('hex');
    this.#chunks = [];
    this.#small = [];
    this.#size = 0;
    this.#tail = '';
    this.#stream.write(`${nonce} ${script.split('\n').length} ${where}\n${script}\n`);
    try {
      return await within(ms, `the guest's answer to: ${script.trim().slice(0, 120)}`, this.#answer(nonce));
    } catch (error) {
      // An answer that comes late would be taken for the next one's beginning: this port is no use any more.
      this.#lose(error instanceof Error ? error : new Broken(String(error)));
      throw error;
    }
  }

  async #answer(nonce: string): Promise<ShellResult> {
    const end = new RegExp(`\nmemhp-end ${nonce} (\\d{1,3})\n$`);
    for (;;) {
      if (this.#lost) throw this.#lost;
      const status = end.exec(this.#tail)?.[1];
      if (status !== undefined) {
        const text = Buffer.concat([...this.#chunks, ...this.#small]).toString('utf8');
        return parseAnswer(text.slice(0, text.lastIndexOf(`\nmemhp-end ${nonce} `)), nonce, Number(status));
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #keep(chunk: Buffer): void {
    this.#small.push(chunk);
    if (this.#small.length < MANY) return;
    this.#chunks.push(Buffer.concat(this.#small));
    this.#small = [];
  }

  #lose(reason: Error): void {
    this.#lost ??= reason;
    this.#wake();
  }
}

function parseAnswer(text: string, nonce: string, status: number): ShellResult {
  const begin = `memhp-begin ${nonce}\n`;
  const middle = `\nmemhp-err ${nonce}\n`;
  const from = text.indexOf(begin);
  const to = text.lastIndexOf(middle);
  // The line break before the second mark is its own, and not the one behind the first.
  if (from < 0 || to < from + begin.length)
    throw new Broken("the guest's shell answered without its frame: output was lost");
  return {status, stdout: text.slice(from + begin.length, to), stderr: text.slice(to + middle.length)};
}
