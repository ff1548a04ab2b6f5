import {fork, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {availableParallelism, constants, setPriority} from 'node:os';
import {fileURLToPath} from 'node:url';
import {Broken} from '../../lib/util/errors.ts';
import type {Choice} from './choose.ts';
import type {Tally} from './mutate.ts';

/** One case of a run, to be told its record with something wrong in it. */
export interface Job extends Choice {
  readonly dir: string;
  readonly case: string;
}

/** What came of a job; `strayed`: the unchanged record gives another verdict, so that it can't be used. */
export type Done = {readonly case: string} & ({readonly tally: Tally} | {readonly strayed: string});

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/** Does all jobs in processes of low priority, as many as there are CPUs, each the next job that is left. */
export async function* inPool(
  jobs: readonly Job[],
  processes = Math.min(availableParallelism(), jobs.length),
): AsyncIterable<Done> {
  const left = [...jobs];
  const workers = Array.from({length: processes}, () => fork(WORKER, {execArgv: process.execArgv}));
  const waiting = new Map<ChildProcess, Promise<{worker: ChildProcess; done: Done}>>();
  const give = (worker: ChildProcess): void => {
    const job = left.shift();
    waiting.delete(worker);
    if (job) waiting.set(worker, answer(worker, job));
  };
  try {
    for (const worker of workers) {
      if (worker.pid !== undefined) setPriority(worker.pid, constants.priority.PRIORITY_LOW);
      give(worker);
    }
    while (waiting.size > 0) {
      const {worker, done} = await Promise.race(waiting.values());
      give(worker);
      yield done;
    }
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
  }
}

async function answer(worker: ChildProcess, job: Job): Promise<{worker: ChildProcess; done: Done}> {
  const over = new AbortController();
  try {
    worker.send(job);
    const gone = once(worker, 'exit', {signal: over.signal}).then(([code]) => {
      throw new Broken(`a process that mutates ${job.case} ended with ${String(code)}`);
    });
    const [done] = (await Promise.race([once(worker, 'message', {signal: over.signal}), gone])) as [
      Done | {failed: string},
    ];
    if ('failed' in done) throw new Broken(`${job.case}: ${done.failed}`);
    gone.catch(() => undefined); // it ends with the abort below
    return {worker, done};
  } finally {
    over.abort();
  }
}
