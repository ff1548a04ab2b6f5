import {Broken} from '../../util/errors.ts';
import {randomOf, type Random} from '../../util/random.ts';
import {clean, lastLines} from '../../util/text.ts';
import type {MemoryBlock} from '../guest/block.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {haveMet, isInSomeOrder, outcomeText, type BlockState, type Made, type Outcome, type Write} from './model.ts';
import {racer} from './program.ts';

export type {Outcome, Write} from './model.ts';

/** Writers that begin at the same time, round after round. */
export interface RacePlan {
  /** Chooses the delays, the CPUs and the order of the writers. In the record as a fact. */
  readonly seed: number;
  /** The block of each round. */
  readonly blocks: readonly MemoryBlock[];
  /** What is written in a round, one writer each; the rounds take these in turn. */
  readonly writes: readonly (readonly Write[])[];
}

/**
 * The longest that a writer waits behind the gate, in µs: about as long as onlining or offlining a block takes under
 * TCG.
 */
const LONGEST = 20_000;

/**
 * Lets processes in the guest write to a block's files at the same time, and checks of each round that the writes have
 * come one after the other, in some order. One step. Needs `command:perl`.
 */
export async function raceWrites(guest: CaseGuest, {seed, blocks, writes}: RacePlan): Promise<Outcome[]> {
  const {cpus} = guest.session.clone.template.config.profile;
  const random = randomOf(seed);
  const rounds = blocks.map((block, i) => ({block, writers: shuffled(writes[i % writes.length] ?? [], random)}));
  const plan = rounds.flatMap(({block, writers}) => [
    ...writers.map(({file, word}) => {
      const cpu = random.pick(['-', String(random.whole(0, cpus - 1))]);
      return `write ${cpu} ${random.pick([0, random.whole(0, LONGEST)])} ${block.name}/${file} ${word}`;
    }),
    `go ${block.id}`,
  ]);
  const most = Math.max(...rounds.map(({writers}) => writers.length));
  const out = await guest.step(`${rounds.length} rounds of ${most} writers at the same time, seed ${seed}`, () =>
    guest.sh(
      `cat >/run/memhp.race.pl <<'END_OF_RACER'\n${racer(guest.board)}\nEND_OF_RACER\nperl /run/memhp.race.pl ` +
        `<<'END_OF_PLAN'\n${plan.join('\n')}\nEND_OF_PLAN`,
    ),
  );
  const outcomes = parseRounds(
    out,
    rounds.map(({writers}) => writers),
  );
  const {checks} = guest.session;
  checks.fact('race', {seed, rounds: outcomes.length, met: roundsThatMet(outcomes), outcomes: counted(outcomes)});
  return outcomes;
}

/** The rounds whose outcome no order of their writes explains, for people; there must be none. */
export const unexplained = (outcomes: readonly Outcome[], plain: string): string[] =>
  outcomes
    .map((one, i) => ({one, i}))
    .filter(({one}) => !isInSomeOrder(one, plain))
    .map(({one, i}) => `round ${i + 1}: ${outcomeText(one)}`);

/** How many rounds had writes that met. */
export const roundsThatMet = (outcomes: readonly Outcome[]): number => outcomes.filter(haveMet).length;

function counted(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of outcomes) {
    const text = outcomeText({
      ...one,
      made: [...one.made].sort((a, b) => `${a.file}${a.word}${a.errno}`.localeCompare(`${b.file}${b.word}${b.errno}`)),
    });
    counts[text] = (counts[text] ?? 0) + 1;
  }
  return counts;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(random.whole(0, rest.length - 1), 1));
}

const LINE = /^(?:(before|after) (\d+) (online|offline) (\w+(?: \w+)*)|wrote (\d+) (none|E[A-Z0-9]+) (\d+) (\d+))$/;

/** Reads what the program printed. Throws Broken where it isn't what was planned. */
export function parseRounds(out: string, planned: readonly (readonly Write[])[]): Outcome[] {
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => ({line, match: LINE.exec(line)}));
  const bad = lines.find(({match}) => !match);
  if (bad) {
    const last = lastLines(clean(out, 500), 2);
    throw new Broken(`the program that lets writers race printed "${clean(bad.line, 200)}", and at the end: ${last}`);
  }
  let at = 0;
  const block = (when: string): BlockState => {
    const [, word, , state, zones = ''] = lines[at++]?.match ?? [];
    if (word !== when || (state !== 'online' && state !== 'offline'))
      throw new Broken(`the program that lets writers race doesn't say what the block was ${when} a round`);
    return {state, zone: zones.split(' ')[0] ?? ''};
  };
  const outcomes = planned.map((writers): Outcome => {
    const before = block('before');
    const made = writers.map(({file, word}, n): Made => {
      const match = lines[at++]?.match ?? [];
      if (match[5] !== String(n))
        throw new Broken(`the program that lets writers race doesn't say how write ${n} ended`);
      return {file, word, errno: match[6] ?? '', begin: Number(match[7]), end: Number(match[8])};
    });
    return {before, made, after: block('after')};
  });
  if (at !== lines.length) throw new Broken('the program that lets writers race printed more than was planned');
  return outcomes;
}
