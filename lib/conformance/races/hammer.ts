import type {UnplugAnswer} from '../../vmm/vmm.ts';
import {Broken} from '../../util/errors.ts';
import {randomOf} from '../../util/random.ts';
import {clean, lastLines} from '../../util/text.ts';
import type {Dimm} from '../guest/dimm.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {hammer} from './program.ts';

/** How often a word was answered in a way: `online_movable EINVAL` → times. */
export type Answers = Readonly<Record<string, number>>;

/** What came of it. */
export interface Hammered {
  readonly unplug: UnplugAnswer;
  /** What the writers were answered. */
  readonly answers: Answers;
}

/** How the blocks are written to. */
interface Hammers {
  readonly seed: number;
  /** Processes. */
  readonly writers: number;
  readonly words: readonly [string, ...string[]];
}

const OUT = '/run/memhp.hammer';

/**
 * Unplugs a DIMM while processes write words to the states of its blocks, over and over, until none of the blocks is
 * there any more; all of them have begun when the unplug is asked for. The seed chooses the CPU and the order of the
 * words of each. One step: what is seen in the middle of it is neither before nor after. Needs `command:perl`.
 */
export function hammeredUnplug(guest: CaseGuest, dimm: Dimm, {seed, writers, words}: Hammers): Promise<Hammered> {
  const {cpus} = guest.session.clone.template.config.profile;
  const random = randomOf(seed);
  const plan = Array.from({length: writers}, () =>
    [random.pick(['-', String(random.whole(0, cpus - 1))]), ...Array.from({length: 8}, () => random.pick(words))].join(
      ' ',
    ),
  );
  return guest.step(
    `unplug ${dimm.id} while ${writers} writers write ${words.join(', ')} to its blocks, seed ${seed}`,
    async () => {
      await guest.session.run(
        `rm -f ${OUT}; cat >${OUT}.pl <<'END_OF_HAMMER'
${hammer(guest.board)}
END_OF_HAMMER
cat >${OUT}.plan <<'END_OF_PLAN'\n${plan.join('\n')}\nEND_OF_PLAN
      perl ${OUT}.pl ${dimm.blockIds.join(',')} <${OUT}.plan >${OUT} 2>&1 &
      p=$!; until grep -q ready ${OUT}; do kill -0 $p || { cat ${OUT}; exit 1; }; done`,
        {},
      );
      const unplug = await dimm.askForUnplug();
      const out = await guest.sh(`until grep -q ^end ${OUT}; do :; done; cat ${OUT}`);
      return {unplug, answers: answersIn(out)};
    },
  );
}

/**
 * What the program printed: `ready`, a line for each word and answer, `end`. Throws Broken where it is anything else.
 */
function answersIn(out: string): Answers {
  const lines = out
    .trimEnd()
    .split('\n')
    .slice(1, -1)
    .map((line) => /^(\w+ (?:none|E[A-Z0-9]+)) (\d+)$/.exec(line));
  if (!out.startsWith('ready\n') || lines.length === 0 || lines.some((match) => !match)) {
    throw new Broken(`the program that writes to blocks printed "${lastLines(clean(out, 500), 4)}"`);
  }
  return Object.fromEntries(lines.map((match) => [match?.[1] ?? '', Number(match?.[2])]));
}

/** The errors among answers, each once, in order. */
export const errorsIn = (answers: Answers): string[] =>
  [...new Set(Object.keys(answers).map((text) => text.split(' ')[1] ?? ''))].filter((errno) => errno !== 'none').sort();
