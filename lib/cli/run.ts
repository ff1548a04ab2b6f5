import {setMaxListeners} from 'node:events';
import {exitStatus, summarize} from '../results/summary.ts';
import {usingCache} from '../run/cache-use.ts';
import {run} from '../run/run.ts';
import {dryRun} from '../run/dry-run.ts';
import {Progress} from '../run/progress.ts';
import type {RunOptions} from '../run/options.ts';
import {summaryText} from './summary.ts';
import {Broken} from '../util/errors.ts';

/** The command's options, as they come from the command line. */
export type RunGiven = Omit<RunOptions, 'patterns' | 'guests'> & {guest: string[]; dryRun: boolean; json: boolean};

/** `memhp run`: returns the exit status. */
export async function runCommand(patterns: string[], {guest, ...given}: RunGiven): Promise<number> {
  const options: RunOptions = {...given, patterns, guests: guest};
  const abort = abortOnSignals();
  const progress = new Progress();
  if (given.dryRun) {
    process.stdout.write(await usingCache(options.cache, (use) => dryRun(options, use, progress.log, abort)));
    return 0;
  }
  const {dir, loaded, files} = await usingCache(options.cache, (use) => run(options, use, progress, abort));
  const summary = summarize(loaded);
  if (given.json)
    process.stdout.write(
      `${JSON.stringify({out: dir, counts: summary.counts, cells: summary.cells.map(({cell, counts, verdict}) => ({...cell, counts, verdict}))}, undefined, 2)}\n`,
    );
  else process.stdout.write(summaryText(loaded, summary, files));
  return exitStatus(summary.counts, loaded.run.trouble);
}

/** The first Ctrl-C or SIGTERM ends the run cleanly, with its report; a second one ends it at once. */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // each boot config and each guest listens
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      process.stderr.write(`\nmemhp: ${name}: ending; what is finished is kept\n`);
      controller.abort(new Broken(`interrupted by ${name}`));
    });
  }
  return controller.signal;
}
