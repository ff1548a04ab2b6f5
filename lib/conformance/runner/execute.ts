import type {Clone} from '../../machine/clone.ts';
import type {Successor} from '../../machine/successor.ts';
import {within} from '../../util/deadline.ts';
import {Broken, DeadlineError} from '../../util/errors.ts';
import type {Case} from './case.ts';
import {Checks, type MadeCheck, type NotJudged, type ReplayOptions} from '../verdict/checks.ts';
import {CaseGuest} from '../guest/guest.ts';
import type {NextLife} from './session.ts';
import {Session, type Limits, type SessionOptions} from './session.ts';

/** What a case is executed with. */
export interface Means {
  /**
   * A new clone, by the prefix of its evidence files: '' for the case's guest, others for guests to compare with. With
   * `successor` a QEMU that is to take the guest of another one.
   */
  readonly open: (prefix: string, successor?: Successor) => Promise<Clone>;
  /** Where a clone's observations are kept, by the same prefix. */
  readonly observations?: (prefix: string) => string;
  /** How a replay looks. */
  readonly look?: Pick<SessionOptions, 'parse' | 'skipInvariants'>;
  /** What a replay wants of the checks. */
  readonly replayed?: ReplayOptions;
  readonly limits: Limits;
  /** Limit of the whole case. */
  readonly ms: number;
  /** How long to wait for QEMU's last words after something went wrong; 0 where there are none. */
  readonly graceMs?: number;
}

/** What came of a case's body. */
export interface Execution {
  /** As they were when the body ended: one that was given up on may go on. */
  readonly checks: {
    readonly made: readonly MadeCheck[];
    readonly notJudged: readonly NotJudged[];
    readonly facts: Checks['facts'];
  };
  /** The session of the case's guest first; empty where no clone came up. */
  readonly sessions: readonly Session[];
  /** What ended the body early, if anything did. */
  readonly error: unknown;
  /** The console's last lines of the case's guest. */
  readonly console: string;
}

/** Runs a case's body on fresh clones and ends them, whatever happens. */
export async function execute(
  entry: Case,
  {open, observations, look, replayed, limits, ms, graceMs = 1000}: Means,
): Promise<Execution> {
  const checks = new Checks(replayed);
  const clones: Clone[] = [];
  const left = new Set<Promise<never>>();
  const sessions: Session[] = [];
  let error: unknown;
  try {
    await within(
      ms,
      `the case ${entry.id}`,
      new Promise<void>((resolve, reject) => {
        const start = async (prefix: string, successor?: Successor): Promise<Clone> => {
          const clone = await open(prefix, successor);
          clones.push(clone);
          Promise.race([clone.vm.console.panic, clone.vm.gone]).catch((error: unknown) => {
            if (!left.has(clone.vm.gone)) reject(error instanceof Error ? error : new Broken(String(error)));
          });
          return clone;
        };
        const begin = async (clone: Clone, prefix: string, title?: string, before?: Session): Promise<Session> => {
          const next: NextLife = {
            launch: (how) => start(`next${clones.length}-`, how),
            mayEnd: ({vm}) => {
              left.add(vm.gone);
            },
            begin: (after, name) => begin(after, prefix, name, session),
          };
          const session: Session = new Session(clone, checks.as('verb'), limits, {
            file: observations?.(prefix),
            ...look,
            needs: entry.needs,
            next,
            before,
          });
          sessions.push(session);
          if (before) before.touched = false; // it is over: nothing of it can be looked at any more
          await session.begin(title);
          return session;
        };
        const add = async (prefix: string): Promise<Session> => begin(await start(prefix), prefix);
        const untouched = async (): Promise<CaseGuest> => new CaseGuest(await add(`untouched${clones.length}-`));
        const body = async (): Promise<void> => {
          const session = await add('');
          await entry.body({t: checks, guest: new CaseGuest(session), untouched});
          for (const one of sessions) if (one.touched) await one.look('at the end');
        };
        body().then(resolve, reject);
      }),
    );
  } catch (thrown) {
    error = thrown;
  }
  const [guest] = clones;
  if (error instanceof Broken && guest && graceMs > 0) error = await lastWords(guest.vm, error, graceMs);
  error = clones.find(({vm}) => vm.console.panicked && !left.has(vm.gone))?.vm.console.panicked ?? error;
  const tail = guest?.vm.console.tail(30) ?? '';
  const ended = {made: [...checks.made], notJudged: [...checks.allNotJudged], facts: {...checks.facts}};
  await Promise.all(clones.map((clone) => clone.close()));
  return {checks: ended, sessions, error, console: tail};
}

/** A closed port or monitor is noticed before QEMU's end, which says why: give it a moment to arrive. */
const lastWords = (vm: Clone['vm'], error: Broken, ms: number): Promise<unknown> =>
  within(ms, 'QEMU still runs', vm.gone).catch((reason: unknown) => (reason instanceof DeadlineError ? error : reason));
