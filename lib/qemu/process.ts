import {appendFileSync} from 'node:fs';
import type {Duplex} from 'node:stream';
import {execa} from 'execa';
import {SerialConsole} from '../console/console.ts';
import {Qmp} from '../qmp/client.ts';
import {Broken} from '../util/errors.ts';
import {clean} from '../util/text.ts';
import type {QemuBinary} from './binary.ts';

export interface LaunchOptions {
  /** Limit for QEMU's first sign of life. */
  readonly ms: number;
  /** Descriptor of the device state, given to QEMU as STATE_FD of channels.ts. */
  readonly stateFd?: number;
  /** Files that keep what was said: the console's bytes, and QMP as one JSON message a line. */
  readonly consoleFile?: string;
  readonly qmpFile?: string;
}

/** A running QEMU. All of its channels are inherited socket pairs: no socket file exists, and they end with us. */
export interface QemuProcess {
  readonly qmp: Qmp;
  readonly console: SerialConsole;
  /** The shell ports: one to work, one to watch while the other waits; over virtio or over serial lines. */
  readonly ports: Readonly<Record<'virtio' | 'serial', readonly [Duplex, Duplex]>>;
  /** Rejects with Broken when QEMU ends, with its last words; never resolves. */
  readonly gone: Promise<never>;
  readonly pid: number;
  /** Kills QEMU and waits until it is gone. */
  kill(): Promise<void>;
}

/** One stream a channel, in the order of CHANNELS. */
type Streams = [monitor: Duplex, serial: Duplex, work: Duplex, watch: Duplex, serialWork: Duplex, serialWatch: Duplex];

/** Starts QEMU so that it dies with this process, however this process dies (Linux: PR_SET_PDEATHSIG). */
export async function launch(qemu: QemuBinary, args: readonly string[], options: LaunchOptions): Promise<QemuProcess> {
  const child = execa('setpriv', ['--pdeathsig', 'KILL', '--', qemu.path, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', options.stateFd === undefined ? 'ignore' : (options.stateFd as 0)],
    buffer: false,
    reject: false,
  });
  const words: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => words.push(clean(chunk.toString('utf8'), 4000)));
  const gone = child.then((result): never => {
    throw new Broken(`QEMU ended (${result.signal ?? result.exitCode ?? 'not started'}): ${words.join('').trim() || result.shortMessage || 'without a word'}`);
  });
  gone.catch(() => undefined); // whoever waits for something of this QEMU races with it
  const streams = child.stdio.slice(3, 9) as unknown as Streams;
  for (const stream of streams) stream.on('error', () => undefined); // QEMU's end is told once, by `gone`
  const [monitor, serial, work, watch, serialWork, serialWatch] = streams;
  const {qmpFile} = options;
  const transcript = (direction: string, line: string): void => {
    if (qmpFile) appendFileSync(qmpFile, `{"at":${Date.now()},"${direction}":${line}}\n`);
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await child;
  };
  try {
    const console = new SerialConsole(serial, options.consoleFile);
    const qmp = await Qmp.open(monitor, {ms: options.ms, gone, transcript});
    return {qmp, console, ports: {virtio: [work, watch], serial: [serialWork, serialWatch]}, gone, pid: child.pid ?? 0, kill};
  } catch (error) {
    await kill();
    throw error;
  }
}
