import {fork, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {availableParallelism, constants, setPriority} from 'node:os';
import {fileURLToPath} from 'node:url';
import {Broken, messageOf} from '../../lib/util/errors.ts';

/** What is done with one case. */
export interface Job {
  readonly case: string;
}

interface PoolOptions {
  /** Absent: one for each CPU. */
  readonly processes?: number | undefined;
  /** Whatever else runs on the host comes first. */
  readonly lowPriority?: boolean;
}

/** Has all jobs done in processes of a program that calls serveJobs(), each the next job that is left. */
export async function* inPool<Done>(
  program: URL,
  jobs: readonly Job[],
  {processes = availableParallelism(), lowPriority = false}: PoolOptions = {},
): AsyncIterable<Done> {
  const left = [...jobs];
  const workers = Array.from({length: Math.min(processes, jobs.length)}, () =>
    fork(fileURLToPath(program), {execArgv: process.execArgv}),
  );
  const waiting = new Map<ChildProcess, Promise<{worker: ChildProcess; done: unknown}>>();
  const give = (worker: ChildProcess): void => {
    const job = left.shift();
    waiting.delete(worker);
    if (job) waiting.set(worker, answer(worker, job));
  };
  try {
    for (const worker of workers) {
      if (lowPriority && worker.pid !== undefined) setPriority(worker.pid, constants.priority.PRIORITY_LOW);
      give(worker);
    }
    while (waiting.size > 0) {
      const {worker, done} = await Promise.race(waiting.values());
      give(worker);
      yield done as Done;
    }
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
  }
}

async function answer(worker: ChildProcess, job: Job): Promise<{worker: ChildProcess; done: unknown}> {
  const over = new AbortController();
  try {
    worker.send(job);
    const gone = once(worker, 'exit', {signal: over.signal}).then(([code]) => {
      throw new Broken(`the process that works on ${job.case} ended with ${String(code)}`);
    });
    const [answered] = (await Promise.race([once(worker, 'message', {signal: over.signal}), gone])) as [
      {done: unknown} | {failed: string},
    ];
    if ('failed' in answered) throw new Broken(`${job.case}: ${answered.failed}`);
    gone.catch(() => undefined); // it ends with the abort below
    return {worker, done: answered.done};
  } finally {
    over.abort();
  }
}

/** Makes this process one of inPool()'s: it does one job at a time, and ends with its parent. */
export function serveJobs(work: (job: never) => Promise<unknown>): void {
  process.on('message', (job: unknown) => {
    work(job as never).then(
      (done) => process.send?.({done}),
      (error: unknown) => process.send?.({failed: messageOf(error)}),
    );
  });
  process.on('disconnect', () => process.exit());
}
