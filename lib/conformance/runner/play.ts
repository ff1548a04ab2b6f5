import type {Clone} from '../../machine/clone.ts';
import type {Successor} from '../../machine/successor.ts';
import {within} from '../../util/deadline.ts';
import {Broken, DeadlineError} from '../../util/errors.ts';
import type {Case} from './case.ts';
import {Checks, type MadeCheck, type NotJudged, type Replayed} from '../verdict/checks.ts';
import {CaseGuest} from '../guest/guest.ts';
import type {NextLife} from './stage.ts';
import {Stage, type Limits, type StageOptions} from './stage.ts';

/** What a case is played with. */
export interface Props {
  /**
   * A new clone, by the prefix of its evidence files: '' for the case's guest, others for guests to compare with. With `successor` a QEMU
   * that is to take the guest of another one.
   */
  readonly open: (prefix: string, successor?: Successor) => Promise<Clone>;
  /** Where a clone's observations are kept, by the same prefix. */
  readonly observations?: (prefix: string) => string;
  /** How a replay looks. */
  readonly look?: Pick<StageOptions, 'parse' | 'blind'>;
  /** What a replay wants of the checks. */
  readonly replayed?: Replayed;
  readonly limits: Limits;
  /** Limit of the whole case. */
  readonly ms: number;
  /** How long to wait for QEMU's last words after something went wrong; 0 where there are none. */
  readonly graceMs?: number;
}

/** What came of a case's body. */
export interface Played {
  /** As they were when the body ended: one that was given up on may go on. */
  readonly checks: {readonly made: readonly MadeCheck[]; readonly notJudged: readonly NotJudged[]; readonly facts: Checks['facts']};
  /** The stage of the case's guest first; empty where no clone came up. */
  readonly stages: readonly Stage[];
  /** What ended the body early, if anything did. */
  readonly error: unknown;
  /** The console's last lines of the case's guest. */
  readonly console: string;
}

/** Runs a case's body on fresh clones and ends them, whatever happens. */
export async function play(entry: Case, {open, observations, look, replayed, limits, ms, graceMs = 1000}: Props): Promise<Played> {
  const checks = new Checks(replayed);
  const clones: Clone[] = [];
  const left = new Set<Promise<never>>();
  const stages: Stage[] = [];
  let error: unknown;
  try {
    await within(ms, `the case ${entry.id}`, new Promise<void>((resolve, reject) => {
      const start = async (prefix: string, successor?: Successor): Promise<Clone> => {
        const clone = await open(prefix, successor);
        clones.push(clone);
        Promise.race([clone.vm.console.panic, clone.vm.gone]).catch((error: unknown) => {
          if (!left.has(clone.vm.gone)) reject(error instanceof Error ? error : new Broken(String(error)));
        });
        return clone;
      };
      const begin = async (clone: Clone, prefix: string, title?: string, before?: Stage): Promise<Stage> => {
        const next: NextLife = {
          launch: (how) => start(`next${clones.length}-`, how),
          mayEnd: ({vm}) => {
            left.add(vm.gone);
          },
          begin: (after, name) => begin(after, prefix, name, stage),
        };
        const stage: Stage = new Stage(clone, checks.as('verb'), limits, {file: observations?.(prefix), ...look, next, before});
        stages.push(stage);
        if (before) before.touched = false; // it is over: nothing of it can be looked at any more
        await stage.begin(title);
        return stage;
      };
      const add = async (prefix: string): Promise<Stage> => begin(await start(prefix), prefix);
      const untouched = async (): Promise<CaseGuest> => new CaseGuest(await add(`untouched${clones.length}-`));
      const body = async (): Promise<void> => {
        const stage = await add('');
        await entry.body({t: checks, guest: new CaseGuest(stage), untouched});
        for (const one of stages) if (one.touched) await one.look('at the end');
      };
      body().then(resolve, reject);
    }));
  } catch (thrown) {
    error = thrown;
  }
  const [guest] = clones;
  if (error instanceof Broken && guest && graceMs > 0) error = await lastWords(guest.vm, error, graceMs);
  error = clones.find(({vm}) => vm.console.panicked && !left.has(vm.gone))?.vm.console.panicked ?? error;
  const tail = guest?.vm.console.tail(30) ?? '';
  const ended = {made: [...checks.made], notJudged: [...checks.allNotJudged], facts: {...checks.facts}};
  await Promise.all(clones.map((clone) => clone.close()));
  return {checks: ended, stages, error, console: tail};
}

/** A closed port or monitor is noticed before QEMU's end, which says why: give it a moment to arrive. */
const lastWords = (vm: Clone['vm'], error: Broken, ms: number): Promise<unknown> =>
  within(ms, 'QEMU still runs', vm.gone).catch((reason: unknown) => (reason instanceof DeadlineError ? error : reason));
