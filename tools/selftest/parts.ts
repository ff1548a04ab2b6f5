import {createInterface} from 'node:readline';
import {execa, type Options} from 'execa';
import {root} from '../../lib/util/paths.ts';
import {writeJunit} from './junit.ts';
import {TapCounter} from './tap.ts';

/** One part of `npm test`: how many passed, what failed, and one line that sums it up. */
export interface Result {
  passed: number;
  failed: string[];
  /** The first lines of what a failed test said, by its title, where it said anything. */
  why?: ReadonlyMap<string, readonly string[]>;
  summary: string;
}

const options = {
  cwd: root,
  preferLocal: true,
  localDir: root,
  reject: false,
  stdin: 'ignore',
} as const satisfies Options;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** A command that passes or fails as a whole. Its output is shown when it fails. */
export async function command(file: string, args: string[]): Promise<Result> {
  const {all, exitCode, durationMs, originalMessage} = await execa(file, args, {...options, all: true});
  if (exitCode === 0) return {passed: 1, failed: [], summary: `passed in ${seconds(durationMs)}`};
  process.stdout.write(`${all}\n`);
  return {
    passed: 0,
    failed: [`${file} ${originalMessage ?? `ended with status ${exitCode ?? 'none'}`}`],
    summary: `failed in ${seconds(durationMs)}`,
  };
}

/** AVA over one set of files of ava.config.js. Shows failures as they happen, and every test where `verbose`. */
export async function ava(set: 'unit' | 'guest', verbose: boolean): Promise<Result> {
  // Killed with us; its workers see that AVA is gone (leave.js).
  const run = execa('setpriv', ['--pdeathsig', 'KILL', '--', 'ava', '--tap'], {
    ...options,
    env: {MEMHP_TESTS: set, MEMHP_PLAN: ''},
    stderr: 'inherit',
    buffer: false,
  });
  const counter = new TapCounter();
  const tap: string[] = [];
  let showing = false;
  for await (const line of createInterface({input: run.stdout, crlfDelay: Infinity})) {
    tap.push(line);
    const kind = counter.line(line);
    if (kind !== 'other') showing = kind === 'failed' || verbose;
    if (showing && line !== '' && !/^(?:1\.\.|# )/.test(line)) process.stdout.write(`${line}\n`);
  }
  const {exitCode = 1, durationMs} = await run;
  const {passed, failed, why, skipped, flaw} = counter.end(exitCode);
  await writeJunit(set, tap.join('\n'));
  const problems = flaw === undefined ? failed : [...failed, flaw];
  const skips = skipped === 0 ? '' : `, ${skipped} skipped`;
  return {
    passed,
    failed: problems,
    why,
    summary: `${passed} passed, ${problems.length} failed${skips} in ${seconds(durationMs)}`,
  };
}
