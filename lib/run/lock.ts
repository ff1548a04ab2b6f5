import {readFile, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {z} from 'zod';
import {UsageError} from '../util/errors.ts';
import {lockFile, type FileLock} from '../util/file-lock.ts';

const owner = z.object({pid: z.int(), host: z.string(), since: z.string()});

/**
 * Keeps a run directory for this process: two runs in one would take each other's plan and records away. Throws
 * UsageError where another process has it; one that died has it no longer.
 */
export async function lockRun(dir: string): Promise<FileLock> {
  const path = join(dir, 'run.lock');
  const lock = await lockFile(path);
  if (!lock)
    throw new UsageError(
      `--out ${dir} is in use by ${await ownerOf(path)}; wait until it has ended, or name another directory`,
    );
  await writeFile(path, `${JSON.stringify({pid: process.pid, host: hostname(), since: new Date().toISOString()})}\n`);
  return lock;
}

async function ownerOf(path: string): Promise<string> {
  try {
    const {pid, host, since} = owner.parse(JSON.parse(await readFile(path, 'utf8')));
    return `another memhp: process ${pid} on ${host}, since ${since}`;
  } catch {
    return 'another memhp, which has not yet written down which'; // between its lock and its first line
  }
}
