import type {Duplex} from 'node:stream';
import {z} from 'zod';
import {within} from '../../../util/deadline.ts';
import {Broken, messageOf} from '../../../util/errors.ts';
import {onLines} from '../../../util/lines.ts';
import {VmmRefusal} from '../../vmm.ts';
import {read} from './read.ts';
import {EventLog, type QmpEvent} from './events.ts';
import {message, type Message} from './schemas.ts';
import {MiB} from '../../../util/size.ts';

/** QEMU refused a command: its class and words, which change between versions (match the class, keep the words). */
export class QmpError extends VmmRefusal {
  override name = 'QmpError';
  readonly command: string;
  readonly errorClass: string;
  constructor(command: string, errorClass: string, description: string) {
    super(`${command}: ${description}`);
    this.command = command;
    this.errorClass = errorClass;
  }
}

/** QEMU's monitor, as everybody uses it. */
export interface Qmp {
  /** Every event since the connection was opened. */
  readonly events: EventLog;
  /** Runs one command and returns its `return` value. Throws QmpError if QEMU refuses, Broken if it is gone. */
  execute(command: string, args?: object, ms?: number): Promise<unknown>;
  /** Runs a human monitor command; its text is the answer, errors included. */
  hmp(line: string): Promise<string>;
}

/** Is told each message, as it was sent or received. */
export type Transcript = (direction: 'in' | 'out', line: string) => void;
interface Pending {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** No message of QEMU's comes near. */
const LINE_LIMIT = 64 * MiB;

/** A QMP connection: greeting, capabilities, numbered commands, and every event since it was opened. */
export class QmpClient implements Qmp {
  readonly events = new EventLog();
  readonly #stream: Duplex;
  readonly #transcript: Transcript;
  readonly #pending = new Map<number, Pending>();
  #greeted: (() => void) | undefined;
  #lastId = 0;
  #closed: Error | undefined;

  private constructor(stream: Duplex, transcript: Transcript, gone: Promise<never>) {
    this.#stream = stream;
    this.#transcript = transcript;
    onLines(
      stream,
      LINE_LIMIT,
      (line) => {
        this.#receive(line);
      },
      () => {
        this.close(new Broken(`QMP: a message of more than ${LINE_LIMIT} characters`));
      },
    );
    const end = (): void => {
      // QEMU's own last words are a better reason than the closed connection: give them a moment to arrive.
      within(2000, 'QEMU closed the QMP connection but still runs', gone).catch((error: unknown) => {
        this.close(error instanceof Error ? error : new Broken(String(error)));
      });
    };
    stream.on('end', end).on('close', end).on('error', end);
  }

  /**
   * Reads the greeting and leaves capabilities negotiation behind. Throws DeadlineError or Broken.
   * `gone` rejects when QEMU ends, with the reason that everybody who still waits is to be told.
   */
  static async open(
    stream: Duplex,
    options: {ms: number; gone: Promise<never>; transcript?: Transcript | undefined},
  ): Promise<QmpClient> {
    const qmp = new QmpClient(stream, options.transcript ?? (() => undefined), options.gone);
    const greeting = new Promise<void>((resolve, reject) => {
      qmp.#greeted = resolve;
      qmp.#pending.set(0, {command: 'greeting', resolve: () => undefined, reject});
    });
    await within(options.ms, "QEMU's QMP greeting", greeting);
    qmp.#pending.delete(0);
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  async execute(command: string, args: object = {}, ms = 60_000): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    const id = ++this.#lastId;
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, {command, resolve, reject});
    });
    const line = JSON.stringify({execute: command, arguments: args, id});
    this.#tell('out', line);
    this.#stream.write(`${line}\n`);
    return within(ms, `QMP command ${command}`, reply);
  }

  async hmp(line: string): Promise<string> {
    return read(
      z.string(),
      await this.execute('human-monitor-command', {'command-line': line}),
      "QEMU's answer to human-monitor-command",
    ).trim();
  }

  /** Ends the connection: whoever still waits is told `reason`. */
  close(reason: Error): void {
    if (this.#closed) return;
    this.#closed = reason;
    for (const {reject} of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.events.close(reason);
    this.#stream.destroy();
  }

  /** A transcript that can't be kept ends the connection, and not the process that reads from it. */
  #tell(direction: 'in' | 'out', line: string): void {
    try {
      this.#transcript(direction, line);
    } catch (error) {
      this.close(new Broken(`QMP: can't keep the transcript: ${messageOf(error)}`, {cause: error}));
    }
  }

  #receive(line: string): void {
    if (this.#closed) return;
    this.#tell('in', line);
    let parsed: Message;
    try {
      parsed = message.parse(JSON.parse(line));
    } catch {
      this.close(new Broken(`QMP: not a QMP message: ${line.slice(0, 200)}`));
      return;
    }
    if ('QMP' in parsed) this.#greeted?.();
    else if ('event' in parsed) this.events.add(parsed satisfies QmpEvent);
    else this.#answer(parsed);
  }

  #answer(reply: Exclude<Message, {QMP: unknown} | {event: string}>): void {
    const pending = this.#pending.get(reply.id ?? -1);
    if (!pending) return; // the reply to a command that was given up on
    this.#pending.delete(reply.id ?? -1);
    if ('error' in reply) pending.reject(new QmpError(pending.command, reply.error.class, reply.error.desc));
    else pending.resolve(reply.return);
  }
}
