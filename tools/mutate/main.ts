// `npm run mutate -- RUNDIR…`: what memhp doesn't see (docs/mutation.md).
import {parseArgs} from 'node:util';
import {openersOf} from '../detect/cases.ts';
import {messageOf, UsageError} from '../../lib/util/errors.ts';
import {inPool} from '../replay/pool.ts';
import {percent, scoreOf, scoreTable, stale, type Score} from './score.ts';
import {readMutantTable} from './table.ts';
import type {MutateJob, Mutated} from './worker.ts';

const USAGE =
  'usage: npm run mutate -- [--only CASE] [--at PATTERN] [--sample N [--seed S]] [--jobs N] [--json] RUNDIR…\n';
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A number of 1 or more, or undefined where the option isn't there. */
function count(value: string | undefined, option: string): number | undefined {
  if (value !== undefined && !/^[1-9]\d*$/.test(value))
    throw new UsageError(`--${option} ${value}: wanted a number of 1 or more`);
  return value === undefined ? undefined : Number(value);
}

interface Wanted {
  readonly only: string | undefined;
  readonly at: string | undefined;
  readonly sample: number | undefined;
  readonly seed: number;
}

/** Every case, in the first run that has a verdict for it. A sample is spread over the cases. */
async function jobsOf(dirs: readonly string[], {only, at, sample, seed}: Wanted): Promise<MutateJob[]> {
  const found = new Map<string, {dir: string; steps: number}>();
  for (const dir of dirs) {
    for (const {
      record: {case: id, steps},
    } of await openersOf(dir)) {
      if (!found.has(id) && (only === undefined || only === id)) found.set(id, {dir, steps: steps.length});
    }
  }
  if (found.size === 0)
    throw new UsageError(`no verdict${only === undefined ? '' : ` of ${only}`} in ${dirs.join(', ')}`);
  const each = sample === undefined ? undefined : Math.ceil(sample / found.size);
  const longestFirst = [...found].sort(([, a], [, b]) => b.steps - a.steps);
  return longestFirst.map(([id, {dir}]) => ({
    dir,
    case: id,
    at,
    ...(each === undefined ? {} : {sample: {count: each, seed: `${seed} ${id}`}}),
  }));
}

function report(score: Score, problems: readonly string[]): void {
  for (const {case: id, fault, at, about, fact} of score.survivors)
    say(`survived${fact ? ' (a published fact differs)' : ''}: ${id}: ${fault} ${about} at "${at}"`);
  for (const one of problems) say(one);
  say(scoreTable(score));
  const {injected, caught, explained, equivalent} = score.total;
  say(
    `${score.cases} cases, ${injected} mutants injected, ${caught} caught (${percent(caught, injected)}), ` +
      (`${explained} explained (together ${percent(caught + explained, injected)}), ` +
        `${score.survivors.length} survivors; ${equivalent} not injected because they mean the same`),
  );
}

async function main(): Promise<number> {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {
      only: {type: 'string'},
      at: {type: 'string'},
      sample: {type: 'string'},
      seed: {type: 'string'},
      jobs: {type: 'string'},
      json: {type: 'boolean', default: false},
    },
  });
  if (positionals.length === 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  const table = await readMutantTable();
  const jobs = await jobsOf(positionals, {
    only: values.only,
    at: values.at,
    sample: count(values.sample, 'sample'),
    seed: count(values.seed, 'seed') ?? 1,
  });
  const [tallies, problems] = [[], []] as [Parameters<typeof scoreOf>[0][number][], string[]];
  let done = 0;
  const pool = {processes: count(values.jobs, 'jobs'), lowPriority: true};
  for await (const one of inPool<Mutated>(new URL('worker.ts', import.meta.url), jobs, pool)) {
    done += 1;
    if ('tally' in one) tallies.push(one.tally);
    else
      problems.push(
        `${one.case}: the replay differs from the record, so it can't be used: ${one.strayed.slice(0, 200)}`,
      );
    process.stderr.write(`${done}/${jobs.length} ${one.case}\n`);
  }
  const score = scoreOf(tallies);
  // A part needn't show a survivor of each kind.
  if ([values.sample, values.only, values.at].every((value) => value === undefined))
    problems.push(...stale(score, table));
  if (values.json) say(JSON.stringify({...score, problems}));
  else report(score, problems);
  return score.survivors.length + problems.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`memhp: ${messageOf(error)}\n`);
  process.exitCode = 2;
}
