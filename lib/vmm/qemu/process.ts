import type {Duplex} from 'node:stream';
import {execa} from 'execa';
import {SerialConsole} from '../../console/console.ts';
import {QmpClient, type Transcript} from './qmp/client.ts';
import {Broken} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';
import {commandOf, type QemuBinary} from './binary.ts';
import {confined, sandboxArgs} from './confinement.ts';

export interface LaunchOptions {
  /** Limit for QEMU's first sign of life. */
  readonly ms: number;
  /** Descriptor of the device state, given to QEMU as STATE_FD of channels.ts. */
  readonly stateFd?: number;
  /** Descriptor of a directory for memory backends' files, given to QEMU as FILES_FD. */
  readonly filesFd?: number;
  /** Keeps the console's bytes. */
  readonly consoleFile?: string;
  /** Keeps what was said with QEMU. */
  readonly transcript?: Transcript;
}

/** A running QEMU. All of its channels are inherited socket pairs: no socket file exists, and they end with us. */
export interface QemuProcess {
  readonly qmp: QmpClient;
  readonly console: SerialConsole;
  /** The shell ports: one to work, one to watch while the other waits; over virtio or over serial lines. */
  readonly ports: Readonly<Record<'virtio' | 'serial', readonly [Duplex, Duplex]>>;
  /** Rejects with Broken when QEMU ends, with its last words; never resolves. */
  readonly gone: Promise<never>;
  readonly pid: number;
  /** Kills QEMU and waits until it is gone. */
  kill(): Promise<void>;
}

const given = (fd: number | undefined): 'ignore' | 0 => (fd === undefined ? 'ignore' : (fd as 0));

/** What SIGBUS means for a process whose memory is in files. */
const NO_BACKING = 'a file behind its memory is cut off, or there is no space left for it';

/** One stream a channel, in the order of CHANNELS. */
type Streams = [monitor: Duplex, serial: Duplex, work: Duplex, watch: Duplex, serialWork: Duplex, serialWatch: Duplex];

/**
 * Starts QEMU in its sandbox, and so that it dies with this process, however this process dies (Linux:
 * PR_SET_PDEATHSIG).
 */
export async function launch(qemu: QemuBinary, args: readonly string[], options: LaunchOptions): Promise<QemuProcess> {
  const [command = '', ...rest] = [...confined(), ...commandOf(qemu), ...sandboxArgs, ...args];
  const child = execa(command, rest, {
    stdio: [
      'ignore',
      'ignore',
      'pipe',
      'pipe',
      'pipe',
      'pipe',
      'pipe',
      'pipe',
      'pipe',
      given(options.stateFd),
      given(options.filesFd),
    ],
    buffer: false,
    reject: false,
  });
  const words: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => words.push(clean(chunk.toString('utf8'), 4000)));
  const gone = child.then((result): never => {
    throw new Broken(
      `QEMU ended (${result.signal ?? result.exitCode ?? 'not started'}): ` +
        (words.join('').trim() || (result.signal === 'SIGBUS' ? NO_BACKING : result.shortMessage) || 'without a word'),
    );
  });
  gone.catch(() => undefined); // whoever waits for something of this QEMU races with it
  const streams = child.stdio.slice(3, 9) as unknown as Streams;
  for (const stream of streams) stream.on('error', () => undefined); // QEMU's end is told once, by `gone`
  const [monitor, serial, work, watch, serialWork, serialWatch] = streams;
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await child;
  };
  try {
    const console = new SerialConsole(serial, options.consoleFile);
    const qmp = await QmpClient.open(monitor, {ms: options.ms, gone, transcript: options.transcript});
    return {
      qmp,
      console,
      ports: {virtio: [work, watch], serial: [serialWork, serialWatch]},
      gone,
      pid: child.pid ?? 0,
      kill,
    };
  } catch (error) {
    await kill();
    throw error;
  }
}
