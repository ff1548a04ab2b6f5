import {createInterface} from 'node:readline';
import {execa} from 'execa';
import {Broken} from './errors.ts';

export interface FileLock {
  /** Gives it back; the kernel does so too, however its owner dies. */
  release(): Promise<void>;
}

export interface FileLockOptions {
  /** May others who share it hold it at the same time? */
  readonly shared?: boolean;
  /** How long to wait for whoever holds it: one that was killed a moment ago is still being taken away. */
  readonly waitMs?: number;
}

/** flock's exit status where another process holds the lock. */
const HELD = 75;

/**
 * Locks a file, making it if it isn't there; undefined where another process holds it. Throws Broken where it can't be
 * locked at all. The kernel's own lock (flock(2)), held by a small process: node has no call for it, and a lock by a
 * file or a directory would outlive a killed owner.
 */
export async function lockFile(
  path: string,
  {shared = false, waitMs = 1000}: FileLockOptions = {},
): Promise<FileLock | undefined> {
  const mode = shared ? '--shared' : '--exclusive';
  const options = [mode, '--timeout', String(waitMs / 1000), '--conflict-exit-code', String(HELD), path];
  const holder = execa('flock', [...options, 'sh', '-c', 'echo locked; exec cat'], {
    stdin: 'pipe',
    buffer: {stdout: false, stderr: true},
    reject: false,
    detached: true, // a Ctrl-C in the terminal is for its owner, who still needs it then
    cleanup: false, // its standard input ends with its owner, and so does it
  });
  holder.stdin.on('error', () => undefined); // its end is told by its exit status
  const isLocked = await new Promise<boolean>((resolve) => {
    createInterface({input: holder.stdout}).once('line', () => {
      resolve(true);
    });
    void holder.then(() => {
      resolve(false);
    });
  });
  if (!isLocked) {
    const {exitCode, stderr, shortMessage} = await holder;
    if (exitCode === HELD) return undefined;
    throw new Broken(`${path}: can't be locked: ${stderr.trim() || (shortMessage ?? 'flock ended without a word')}`);
  }
  return {
    release: async () => {
      holder.stdin.end();
      await holder;
    },
  };
}
