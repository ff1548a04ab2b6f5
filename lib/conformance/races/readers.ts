import {Broken} from '../../util/errors.ts';
import {clean, lastLines} from '../../util/text.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {reader} from './program.ts';

/** What readers have seen, each once. */
export interface Seen {
  /**
   * The texts of each file, a newline as `\n`; of links `link`. Files whose text names the block come with the block:
   * `memory32/phys_index`.
   */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  /** `FILE ERROR` */
  readonly errors: readonly string[];
  /** How readers were ended by a signal: `killed 9`. */
  readonly killed: readonly string[];
  /** Files read, all readers together; those of a killed one aren't counted. */
  readonly reads: number;
}

/** Readers at work. */
export interface Readers {
  /** From now on they read the files, too, that were left out. */
  all(): Promise<void>;
  /** Ends them. */
  end(): Promise<Seen>;
}

/** What is read, and how. */
interface HowToRead {
  readonly leave?: readonly string[];
  readonly only?: readonly string[];
  readonly urgent?: boolean;
}

const OUT = '/run/memhp.readers';

/**
 * Starts a reader on each CPU that reads the files of blocks over and over, whether the blocks are there or not.
 * `leave` names files that are left out until `all`, `only` the only ones to read; `urgent` readers have a real-time
 * priority and read between two blocks of a DIMM. A step. Needs `command:perl`.
 */
export async function startReaders(guest: CaseGuest, ids: readonly number[], how: HowToRead = {}): Promise<Readers> {
  const {leave = [], only = [], urgent = false} = how;
  const {cpus} = guest.session.clone.template.config.profile;
  const plan = Array.from({length: cpus}, (_, cpu) => String(cpu)).join('\n');
  await guest.step(`${cpus} readers begin to read ${only.join(', ') || 'all files'} of ${ids.length} blocks`, () =>
    guest.sh(`rm -f ${OUT} ${OUT}.stop; : >${OUT}.stop.leave; cat >${OUT}.pl <<'END_OF_READER'
${reader(guest.board)}
END_OF_READER
cat >${OUT}.plan <<'END_OF_PLAN'\n${plan}\nEND_OF_PLAN
      ${urgent ? 'chrt -f 1 ' : ''}perl ${OUT}.pl ${OUT}.stop '${leave.join(',')}' ${only.join(',') || '-'} \\
        ${ids.join(',')} <${OUT}.plan >${OUT} 2>&1 &
      p=$!; until grep -q ready ${OUT}; do kill -0 $p || { cat ${OUT}; exit 1; }; done`),
  );
  return {
    all: async () => {
      await guest.sh(`rm ${OUT}.stop.leave`);
    },
    end: async () =>
      parseSeen(await guest.sh(`: >${OUT}.stop; until grep -q '^reads ' ${OUT}; do :; done; cat ${OUT}`)),
  };
}

/** Reads what the program printed. Throws Broken where that is something else. */
export function parseSeen(out: string): Seen {
  const texts = new Map<string, string[]>();
  const [errors, killed]: [string[], string[]] = [[], []];
  const lines = out.trimEnd().split('\n');
  const reads = /^reads (\d+)$/.exec(lines.pop() ?? '')?.[1];
  if (lines.shift() !== 'ready' || reads === undefined)
    throw new Broken(`the program that reads blocks printed "${lastLines(clean(out, 500), 4)}"`);
  for (const line of lines) {
    const [, what, file = '', text = ''] = /^(read|failed) (\S+) (.*)$/.exec(line) ?? [];
    if (what === 'read') texts.set(file, [...(texts.get(file) ?? []), text]);
    else if (what === 'failed') errors.push(`${file} ${text}`);
    else if (/^killed \d+$/.test(line)) killed.push(line);
    else throw new Broken(`the program that reads blocks printed "${clean(line, 200)}"`);
  }
  return {texts, errors, killed, reads: Number(reads)};
}
