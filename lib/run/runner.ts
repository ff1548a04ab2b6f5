import {dirname, join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {Broken} from '../util/errors.ts';
import {dist, root} from '../util/paths.ts';

/** The test runner's process: it is started early, because it takes as long as a short case, and waits for its plan. */
export interface Runner {
  /** Calls `ended` with the test's title whenever a case has ended, and returns when the runner has. */
  finish(titles: ReadonlySet<string>, ended: (title: string) => void): Promise<{problem: string | undefined}>;
  /** Ends it; for a run that turned out to have nothing for it. */
  stop(): void;
}

/** Starts AVA on the cases' bundle. It reads `planFile` as soon as that is there. */
export function startRunner(planFile: string, signal: AbortSignal): Runner {
  if (dist === undefined) throw new Broken('cases run from the bundle that lib/cli/bin.js makes');
  const ava = join(dirname(fileURLToPath(import.meta.resolve('ava'))), 'cli.mjs');
  const child = execa('setpriv', ['--pdeathsig', 'KILL', '--', process.execPath, ava, '--tap'], {
    cwd: root,
    env: {MEMHP_PLAN: planFile, MEMHP_CASES: join(dist, 'lib/run/cases.ava.js'), FORCE_COLOR: '0'},
    stdin: 'ignore',
    buffer: false,
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 3000,
  });
  const errors: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString('utf8')));
  const finish: Runner['finish'] = async (titles, ended) => {
    let own = true;
    createInterface({input: child.stdout}).on('line', (line) => {
      const title = /^(?:not )?ok \d+ - (.*?)(?: # .*)?$/.exec(line)?.[1];
      if (title !== undefined) {
        own = titles.has(title);
        if (own) ended(title);
      }
      // What the runner reports beside our tests: an import that failed, an unhandled rejection.
      if (!own) errors.push(`${line}\n`);
    });
    const result = await child;
    // Status 1 is AVA's word for failed tests, which the records tell better.
    const crashed = result.exitCode !== 0 && result.exitCode !== 1;
    return {problem: crashed || errors.length > 0 ? `${result.shortMessage ?? ''}\n${errors.join('')}`.trim() : undefined};
  };
  return {
    finish,
    stop: () => {
      child.kill('SIGKILL'); // its workers end when it is gone
    },
  };
}
