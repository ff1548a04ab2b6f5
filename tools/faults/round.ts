import {mkdir, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {Record} from '../../lib/results/record.ts';
import {readRecords} from '../../lib/results/store.ts';
import {isThere, readIfThere, writeWhole} from '../../lib/util/files.ts';
import {messageOf} from '../../lib/util/errors.ts';
import type {Kind, Struck} from './kinds.ts';
import {randomOf} from '../../lib/util/random.ts';
import {wrongIn, type Reference} from './reference.ts';
import {
  CASES,
  HASTE,
  processesOf,
  survivors,
  wasteIn,
  type Ended,
  type StartOptions,
  type Started,
  type World,
} from './world.ts';

/** How a round went. */
export interface Round {
  readonly kind: string;
  readonly seed: number;
  readonly round: number;
  /** When it struck, in words. */
  readonly moment: string;
  /** Did it hit anything? */
  readonly hit: boolean;
  readonly exit: number | string;
  readonly seconds: number;
  /** Outcomes of the cases at the end of the run, before it was resumed. */
  readonly outcomes: Readonly<{[outcome: string]: number}>;
  /** The first line of each reason that a broken case gives. */
  readonly reasons: readonly string[];
  readonly resumedSeconds: number;
  /** What is wrong; nothing, where all is as it must be. */
  readonly problems: readonly string[];
}

/**
 * Limit of a case under TCG, with the haste of a round; and what may come on top of it: a last look, the end of a
 * clone.
 */
const CASE_MS = 120_000 / HASTE + 15_000;

/** One round: a run with a fault, the judgement of what it left, and the same run resumed without a fault. */
export async function runRound(
  world: World,
  reference: Reference,
  kind: Kind,
  seed: number,
  round: number,
): Promise<Round> {
  const random = randomOf(seed, round, kind.name);
  const dir = join(world.dir, `round-${round}`);
  await rm(dir, {recursive: true, force: true});
  await mkdir(dir);
  const empty =
    kind.needs?.cache === 'empty' || (kind.needs?.cache === 'any' && kind.strike !== undefined && random.oneIn(6));
  const own = empty || kind.needs?.cache === 'own';
  const cache = own ? await world.newCache(`round-${round}/cache`, {templates: !empty}) : world.cache;
  const outs = Array.from({length: kind.needs?.runs ?? 1}, (_, i) => join(dir, `out${i}`));
  const moment = {records: empty ? 0 : random.whole(0, CASES.length - 1), ms: random.whole(0, empty ? 8000 : 600)};
  const problems: string[] = [];
  const start = performance.now();
  // Where the verdicts must all be there in the end, a busy host must not cost any: memhp's own deadlines.
  const env = {...kind.needs?.env?.(random), ...(kind.exit === 'good' ? {MEMHP_FAULTS_HASTE: '1'} : {})};
  const runs = outs.map((out) => {
    const namespace = kind.needs?.namespace?.(random, {cache, out});
    return world.start({out, cache, dir, env, ...(namespace ? {namespace} : {})});
  });
  const hit = await strike(kind, runs, {random, cache, dir, out: outs[0] ?? '', moment});
  const ended = await Promise.all(runs.map((run) => run.ended));
  const seconds = (performance.now() - start) / 1000;
  const [first] = ended;
  for (const [i, {token}] of runs.entries()) {
    problems.push(...(await leftOver(token)));
    problems.push(...judgeEnd(kind, hit, ended[i], await isThere(outs[i] ?? '')));
  }
  if (!(kind.sudden === true && hit)) problems.push(...(await waste(world, cache, outs)));
  problems.push(
    ...((await readIfThere(join(dir, 'waste'))) ?? '')
      .split('\n')
      .filter(Boolean)
      .map((path) => `left behind: ${path}`),
  );
  const records = (await Promise.all(outs.map((out) => readRecords(out)))).flat();
  problems.push(...wrongIn(records, reference, {whole: !hit && !kind.needs?.namespace}), ...records.flatMap(tooLong));
  const resumed = performance.now();
  for (const out of outs) problems.push(...(await resume(world, reference, {out, cache, dir}, records)));
  const result: Round = {
    kind: kind.name,
    seed,
    round,
    hit,
    exit: first?.exitCode ?? first?.signal ?? 'none',
    seconds,
    moment: kind.strike
      ? `${moment.ms} ms after ${moment.records} cases${empty ? ', empty cache' : ''}`
      : 'from the beginning',
    outcomes: countOf(records, CASES.length * outs.length),
    reasons: records.filter(({outcome}) => outcome === 'broken').map(({reason}) => reason.split('\n')[0] ?? ''),
    resumedSeconds: (performance.now() - resumed) / 1000,
    problems: [...problems, ...(problems.length > 0 ? [`stderr: ${first?.stderr.slice(-3000) ?? ''}`] : [])],
  };
  if (problems.length === 0) await rm(dir, {recursive: true, force: true});
  return result;
}

interface Situation extends Pick<Struck, 'random' | 'cache'> {
  readonly dir: string;
  readonly out: string;
  readonly moment: {readonly records: number; readonly ms: number};
}

/** Waits for the moment, and strikes; false where the run has ended before. */
async function strike(
  {strike: hit, needs}: Kind,
  [run]: readonly Started[],
  {random, cache, dir, out, moment}: Situation,
): Promise<boolean> {
  if (!run) return false;
  if (!hit) return needs?.namespace !== undefined || (needs?.runs ?? 1) > 1;
  const state = {over: false};
  const end = run.ended.then(() => {
    state.over = true;
  });
  const until = async <T>(look: () => Promise<T | undefined>): Promise<T | undefined> => {
    for (;;) {
      const found = await look();
      if (found !== undefined || state.over) return found;
      await Promise.race([delay(20), end]);
    }
  };
  await until(async () => ((await readRecords(out)).length >= moment.records ? true : undefined));
  await Promise.race([delay(moment.ms), end]);
  if (state.over) return false;
  return await hit({
    random,
    cache,
    memhp: run.pid,
    find: (is) => until(async () => (await processesOf(run.token)).find(is)?.pid),
    tell: async (message, answered) => {
      // A relay hears only what is said while it is there.
      if (answered) await until(async () => (await processesOf(run.token)).find(({isQemu}) => isQemu));
      await writeWhole(join(dir, 'strike'), JSON.stringify(message));
      return answered ? (await until(() => readIfThere(join(dir, 'struck')))) !== undefined : true;
    },
  });
}

const leftOver = async (token: string): Promise<string[]> =>
  (await survivors(token)).map(({pid, words}) => {
    process.kill(pid, 'SIGKILL');
    return `still running: ${words.join(' ').slice(0, 300)}`;
  });

function judgeEnd(kind: Kind, hit: boolean, ended: Ended | undefined, begun: boolean): string[] {
  if (!ended) return ['did not start'];
  if (ended.timedOut) return ['a hang: it did not end by itself'];
  const problems = /an error of memhp itself|Unhandled|uncaught exception/i.test(ended.stderr)
    ? ['it calls its end an error of its own']
    : [];
  const {exitCode, signal} = ended;
  const good = !hit || kind.exit === 'good';
  const allowed = good ? [0] : kind.sudden === true ? [] : kind.needs?.namespace ? [0, 2, 3] : [0, 3];
  // A signal that comes before node has read the program ends it as it ends any other: memhp hasn't begun, has no run
  // directory, and says nothing.
  if (kind.exit === 'cut' && exitCode === undefined && signal !== undefined && ended.stderr === '' && !begun)
    return problems;
  const suddenly = kind.sudden === true && hit;
  if (suddenly ? exitCode !== undefined && exitCode !== 0 : !allowed.includes(exitCode ?? -1))
    problems.push(`exit status ${exitCode ?? signal ?? 'none'}`);
  return problems;
}

async function waste(world: World, cache: string, outs: readonly string[]): Promise<string[]> {
  const found = [
    ...(await wasteIn('cache', cache)),
    ...(await Promise.all(outs.map((out) => wasteIn('out', out)))).flat(),
    ...(await wasteIn('tmp', join(world.dir, 'tmp'))),
  ];
  return found.map((path) => `left behind: ${path}`);
}

const tooLong = ({case: id, durationMs}: Record): string[] =>
  durationMs >= 0 && durationMs <= CASE_MS ? [] : [`${id} took ${durationMs} ms`];

/** The same run once more, without a fault: it must go on where it was, and end as the reference does. */
async function resume(
  world: World,
  reference: Reference,
  options: StartOptions,
  before: readonly Record[],
): Promise<string[]> {
  await rm(join(options.dir, 'strike'), {force: true});
  const {ended: end, token} = world.start({...options, env: {MEMHP_FAULTS_HASTE: '1'}});
  const ended = await end;
  const records = await readRecords(options.out);
  const again = before.filter(
    (old) =>
      old.outcome !== 'broken' && !records.some((one) => one.case === old.case && one.startedAt === old.startedAt),
  );
  return [
    ...(ended.exitCode === 0
      ? []
      : [`ended with ${ended.exitCode ?? ended.signal ?? 'none'}: ${ended.stderr.slice(-2000)}`]),
    ...wrongIn(records, reference, {whole: true}),
    ...(new Set(before.map(({startedAt}) => startedAt)).size === before.length && before.length <= reference.size
      ? again.map((one) => `${one.case} was run again`)
      : []),
    ...(await leftOver(token)),
    ...(await waste(world, options.cache, [options.out])),
    ...(await report(options.out)),
  ].map((problem) => `resumed: ${problem}`);
}

async function report(out: string): Promise<string[]> {
  try {
    JSON.parse(await readFile(join(out, 'compat.json'), 'utf8'));
    return [];
  } catch (error) {
    return [`no report: ${messageOf(error)}`];
  }
}

function countOf(records: readonly Record[], planned: number): Round['outcomes'] {
  const counts: {[outcome: string]: number} = {};
  for (const {outcome} of records) counts[outcome] = (counts[outcome] ?? 0) + 1;
  if (records.length < planned) counts['none'] = planned - records.length;
  return counts;
}
