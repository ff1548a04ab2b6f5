import type {Attempt, Onlining} from '../../results/udev.ts';
import {Broken} from '../../util/errors.ts';
import {compareWithout} from './attribution-compared.ts';
import type {CaseContext} from '../runner/case.ts';
import type {Dimm} from '../guest/dimm.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {zoneOf} from '../expected/ledger.ts';
import {LOG_ON, LOGGED, parseUdevLog, type RuleDone} from './log.ts';
import {ARM, originOf, parseTrace, TOLD, type Call, type Traced} from './trace.ts';

export {whoOnlined} from '../../results/udev.ts';

/** What becomes of memory blocks from now on. */
export interface Watch {
  /** What became of a device's blocks, ascending. The watch goes on. */
  readonly of: (dimm: Dimm) => Promise<Onlining[]>;
}

export interface WatchOptions {
  /** Names the rule as well, by udevd's own log (needs `command:systemctl`). That log takes udevd time. */
  readonly rules?: boolean;
}

/**
 * Lets the kernel itself tell who onlines memory blocks: every call of the function that all ways of onlining go
 * through, with the calling task, its ancestors, the file that was written to, and how it ended. Needs `kprobes`;
 * throws Broken where it can't all the same, as under lockdown.
 */
export async function watchOnlining(guest: CaseGuest, options: WatchOptions = {}): Promise<Watch> {
  const watch = await tryWatching(guest, options);
  if (!watch) throw new Broken("the guest's kernel has no kprobe events, so that it can't tell who onlines memory");
  return watch;
}

/**
 * As watchOnlining around a plug; where the kernel can't tell, the same plug in another clone does, whose udevd is
 * dead.
 */
export async function proveOnlining(
  {guest, untouched}: Pick<CaseContext, 'guest' | 'untouched'>,
  plug: () => Promise<Dimm>,
  options: WatchOptions = {},
): Promise<Onlining[]> {
  const watch = await tryWatching(guest, options);
  const dimm = await plug();
  return watch ? watch.of(dimm) : compareWithout(guest, dimm, await untouched());
}

async function tryWatching(guest: CaseGuest, {rules = false}: WatchOptions): Promise<Watch | undefined> {
  const {status, stdout, stderr} = await guest.trySh(ARM);
  if (status === 7) return undefined;
  if (status !== 0) throw new Broken(`the guest's tracefs takes no probes: ${stderr.slice(0, 500)}`);
  if (rules) await guest.sh(LOG_ON);
  return {
    of: async (dimm) => {
      const traced = parseTrace(stdout, await guest.sh(TOLD));
      const done = rules ? parseUdevLog(await guest.sh(LOGGED)) : [];
      await guest.observe('after the onlining');
      const start = Math.min(...dimm.blocks.map(({name}) => traced.created.get(name) ?? Infinity));
      return dimm.blocks.map(({name, id}) => {
        const created = traced.created.get(name);
        if (created === undefined) throw new Broken(`the kernel's trace doesn't tell of ${name}`);
        const attempts = traced.calls
          .filter(({block}) => block === name)
          .map((call) => attemptOf(call, created, traced, done));
        return {block: name, zone: zoneOf(guest.view(id)) ?? null, createdMs: ms(created - start), attempts};
      });
    },
  };
}

function attemptOf(call: Call, created: number, traced: Traced, done: readonly RuleDone[]): Attempt {
  const by = originOf(call, traced.tasks);
  return {
    by,
    rule: by === 'udev' ? ruleOf(call, traced, done) : null,
    task: call.task,
    pid: call.pid,
    file: call.file,
    ms: ms(call.seconds - created),
    result: call.result === 0 ? 'online' : call.result === 1 ? 'too late' : String(call.result),
  };
}

/**
 * A worker's last attempts on a block are its last writes, one for one; a program's rule is the only one that ran any.
 */
function ruleOf(call: Call, {calls}: Traced, done: readonly RuleDone[]): string | null {
  const about = done.filter(({block}) => block === call.block);
  const writes = about.filter(({pid, word}) => pid === call.pid && word !== undefined && word !== 'offline');
  const attempts = calls.filter(({block, pid}) => block === call.block && pid === call.pid);
  const write = writes.at(attempts.indexOf(call) - attempts.length);
  const programs = new Set(about.filter(({word}) => word === undefined).map(({rule}) => rule));
  return write?.rule ?? (writes.length === 0 && programs.size === 1 ? ([...programs][0] ?? null) : null);
}

/** To a microsecond, as the kernel tells it. */
const ms = (seconds: number): number => Math.round(seconds * 1_000_000) / 1000;

/** Milliseconds from the first block that was there to the last one online; null where none is. */
export function msToLastBlock(blocks: readonly Onlining[]): number | null {
  const times = blocks.flatMap(({createdMs, attempts}) =>
    attempts.filter(({result}) => result === 'online').map((one) => createdMs + (one.ms ?? NaN)),
  );
  return times.length === 0 || times.some(Number.isNaN) ? null : Math.round(Math.max(...times));
}
