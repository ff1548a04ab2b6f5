import ssh2 from 'ssh2';
import pRetry, {AbortError} from 'p-retry';
import {within} from '../util/deadline.ts';
import {Broken, DeadlineError, messageOf} from '../util/errors.ts';
import {OUTPUT_LIMIT, type Shell, type ShellResult} from './shell.ts';

const {Client, utils} = ssh2; // CommonJS: only some names are seen as exports

export interface SshAddress {
  /** Port on the loopback address that QEMU forwards to the guest's sshd. */
  readonly port: number;
  /** OpenSSH private key that root's authorized_keys knows. */
  readonly privateKey: string;
  /** The one host key that is accepted, as an OpenSSH public key line. */
  readonly hostKey: string;
}

/** A shell over ssh: brings a guest up, and serves clones of guests that have no virtio-serial port. */
export class SshShell implements Shell {
  readonly kind = 'ssh';
  /** Runs before each script: where ours finds the functions that a served port has anyway. */
  prelude = '';
  readonly #client: ssh2.Client;

  private constructor(client: ssh2.Client) {
    this.#client = client;
  }

  /**
   * Connects, trying again until the guest's sshd answers; each attempt has its own limit.
   * Throws DeadlineError with the last attempt's error after `ms`; another host key ends it at once.
   */
  static async connect(address: SshAddress, ms: number, signal?: AbortSignal): Promise<SshShell> {
    const until = performance.now() + ms; // the wall clock may be set meanwhile
    // only the deadline ends the attempts, so that its message is the one that is told
    const over = new AbortController();
    let last = 'no attempt was made';
    const attempt = async (): Promise<SshShell> => {
      try {
        return await connectOnce(address, Math.min(20_000, Math.max(1000, until - performance.now())));
      } catch (error) {
        last = messageOf(error);
        throw error instanceof Error ? error : new Broken(last);
      }
    };
    const attempts = pRetry(attempt, {
      retries: Infinity,
      factor: 1,
      minTimeout: 100,
      signal: AbortSignal.any([over.signal, ...(signal ? [signal] : [])]),
    });
    try {
      return await within(ms, 'ssh to the guest', attempts, signal);
    } catch (error) {
      if (error instanceof DeadlineError) error.message += `; the last attempt: ${last}`;
      throw error;
    } finally {
      over.abort();
    }
  }

  run(script: string, ms: number): Promise<ShellResult> {
    const result = new Promise<ShellResult>((resolve, reject) => {
      this.#client.exec('sh -s', (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        const out: Buffer[] = [];
        const err: Buffer[] = [];
        let size = 0;
        let status: number | undefined;
        const keep = (into: Buffer[]) => (chunk: Buffer) => {
          size += chunk.length;
          if (size > OUTPUT_LIMIT) channel.destroy();
          else into.push(chunk);
        };
        channel.on('data', keep(out)).on('exit', (code: number | null) => (status = code ?? 255));
        channel.stderr.on('data', keep(err));
        channel.on('close', () => {
          if (size > OUTPUT_LIMIT) reject(new Broken(`the guest printed more than ${OUTPUT_LIMIT} bytes over ssh`));
          else if (status === undefined)
            reject(
              new Broken(`the ssh connection was lost before the guest answered to: ${script.trim().slice(0, 120)}`),
            );
          else
            resolve({status, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8')});
        });
        channel.end(`LC_ALL=C; export LC_ALL; PATH=/usr/sbin:/usr/bin:/sbin:/bin\n${this.prelude}\n${script}\n`);
      });
    });
    return within(ms, `the guest's answer over ssh to: ${script.trim().slice(0, 120)}`, result);
  }

  close(): void {
    this.#client.end();
  }

  static fromClient(client: ssh2.Client): SshShell {
    return new SshShell(client);
  }
}

async function connectOnce(address: SshAddress, ms: number): Promise<SshShell> {
  const expected = publicBlob(address.hostKey);
  const client = new Client();
  client.on('error', () => undefined); // told through `ready` or a run's own channel; ssh2 may repeat itself
  let wrongKey = false;
  const ready = new Promise<void>((resolve, reject) => {
    client.once('ready', resolve);
    client.once('error', (error) => {
      reject(wrongKey ? new AbortError('the guest shows another ssh host key than the one it was given') : error);
    });
    client.once('close', () => {
      reject(new Broken('the guest closed the ssh connection'));
    });
  });
  try {
    client.connect({
      host: '127.0.0.1',
      port: address.port,
      username: 'root',
      privateKey: address.privateKey,
      readyTimeout: ms,
      keepaliveInterval: 5000,
      keepaliveCountMax: 3,
      hostVerifier: (key: Buffer) => {
        wrongKey = !key.equals(expected);
        return !wrongKey;
      },
    });
    await within(ms, 'the ssh handshake', ready);
    return SshShell.fromClient(client);
  } catch (error) {
    client.destroy();
    throw error;
  }
}

function publicBlob(line: string): Buffer {
  const key = utils.parseKey(line);
  if (key instanceof Error) throw key;
  return key.getPublicSSH();
}

/**
 * A fresh ed25519 pair in OpenSSH's formats. ssh2 1.17 cuts leading zeros off one key in 256 and can't read it any more
 * itself (mscdex/ssh2 issue 1513): such a pair is thrown away.
 */
export function newKeyPair(comment: string, generate = utils.generateKeyPairSync): {private: string; public: string} {
  for (;;) {
    const pair = generate('ed25519', {comment});
    if (![pair.private, pair.public].some((text) => utils.parseKey(text) instanceof Error)) return pair;
  }
}
