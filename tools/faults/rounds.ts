import {mkdtemp, mkdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {isThere} from '../../lib/util/files.ts';
import {Broken} from '../../lib/util/errors.ts';
import {kinds} from './kinds.ts';
import {randomOf} from '../../lib/util/random.ts';
import {referenceOf, type Reference} from './reference.ts';
import {runRound, type Round} from './round.ts';
import {CASES, World} from './world.ts';

export interface RoundsOptions {
  readonly kernel: string;
  readonly count: number;
  readonly seed: number;
  /** Names of kinds; all, where it is empty. */
  readonly only: readonly string[];
  /** Where to work, and to keep what was found; a temporary directory where it is left out. */
  readonly dir?: string | undefined;
  readonly told: (round: Round) => void;
}

/** Runs rounds, each kind as often as the others. What a round with a problem left stays in the directory. */
export async function rounds({kernel, count, seed, only, dir, told}: RoundsOptions): Promise<Round[]> {
  if (dir !== undefined) await mkdir(dir, {recursive: true});
  const world = new World(dir === undefined ? await mkdtemp(join(tmpdir(), 'memhp-faults-')) : resolve(dir), kernel);
  await world.begin();
  const reference = await reach(world);
  const chosen = kinds.filter(({name}) => only.length === 0 || only.includes(name));
  const order = shuffled(chosen, seed);
  const ended: Round[] = [];
  for (let round = 0; round < count; round++) {
    const kind = order[round % order.length];
    if (!kind) break;
    const one = await runRound(world, reference, kind, seed, round);
    told(one);
    ended.push(one);
  }
  if (dir === undefined && ended.every(({problems}) => problems.length === 0)) await world.end();
  return ended;
}

/** The run that nothing happens to. */
async function reach(world: World): Promise<Reference> {
  const out = join(world.dir, 'reference');
  if (!(await isThere(join(out, 'report.md')))) {
    await mkdir(world.cache, {recursive: true});
    await mkdir(join(world.dir, 'begin'), {recursive: true});
    const {exitCode, stderr} = await world.start({
      out,
      cache: world.cache,
      dir: join(world.dir, 'begin'),
      env: {MEMHP_FAULTS_HASTE: '1'},
    }).ended;
    if (exitCode !== 0) {
      await rm(out, {recursive: true}); // no reference for the next time
      throw new Broken(`the reference run ended with status ${exitCode ?? 'none'}: ${stderr}`);
    }
  }
  const reference = await referenceOf(out);
  if (reference.size !== CASES.length)
    throw new Broken(`the reference run has ${reference.size} records of ${CASES.length}`);
  return reference;
}

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = randomOf(seed, 'order');
  const left = [...list];
  return list.flatMap(() => left.splice(random.whole(0, left.length - 1), 1));
}
