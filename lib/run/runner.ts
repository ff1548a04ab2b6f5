import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {Broken} from '../util/errors.ts';
import type {Log} from '../util/log.ts';
import {keptLines} from '../util/lines.ts';
import {dist, root} from '../util/paths.ts';
import {clean} from '../util/text.ts';
import type {Causes} from './complete.ts';
import {TapReader} from './tap.ts';

export interface RunnerListener {
  /** A case has ended, or come to no end: then `failure` says why, as it does for a case that fails. */
  readonly ended: (title: string, failure: string | undefined) => void;
  /** Whatever is said beside the cases: nothing of it is kept back. */
  readonly said: Log;
}

/** The test runner's process: it is started early, because it takes as long as a short case, and waits for its plan. */
export interface Runner {
  /** Returns when the runner has ended: why a case may have no record. */
  finish(titles: ReadonlySet<string>, listener: RunnerListener): Promise<Causes>;
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
  // What goes wrong while the guests still boot is said before anybody listens.
  const [out, err] = [keptLines(child.stdout), keptLines(child.stderr)];
  const finish: Runner['finish'] = async (titles, {ended, said}) => {
    const own = new Map<string, string>();
    const beside: string[] = [];
    const tell = (line: string): void => {
      beside.push(line);
      said(`the test runner: ${clean(line, 4000)}`);
    };
    const reader = new TapReader({
      test: (title, failure) => {
        if (!titles.has(title)) {
          // An import that failed, an unhandled rejection: AVA makes a test of it.
          if (failure !== undefined) tell(failure === '' || title.endsWith(failure) ? title : `${title}: ${failure}`);
          return;
        }
        if (failure !== undefined) own.set(title, failure);
        ended(title, failure);
      },
    });
    out((line) => {
      reader.line(line);
    });
    err(tell);
    const {exitCode, signal: killer, shortMessage = ''} = await child;
    reader.end();
    // Status 1 is AVA's word for failed tests, which their records tell better.
    if (killer === undefined && (exitCode === 0 || exitCode === 1))
      return {own, beside, all: beside.join('; ') || 'the test runner ended, and did not run it'};
    const end = killer === undefined ? shortMessage : `it was ended by ${killer}`;
    if (!signal.aborted) said(`the test runner came to no good end: ${end}`);
    return {
      own,
      beside,
      all: `the test runner came to no good end before this case did: ${[end, ...beside].join('; ')}`,
    };
  };
  return {
    finish,
    stop: () => {
      child.kill('SIGKILL'); // its workers end when it is gone
    },
  };
}
