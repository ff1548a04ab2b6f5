import {originOf, type Call, type Traced} from '../../lib/conformance/udev/trace.ts';
import {Broken} from '../../lib/util/errors.ts';
import {kstrtobool} from '../../lib/udev/follow/kstrtobool.ts';
import type {Deed} from './deeds.ts';

/** A call of device_online or device_offline, and the deed that led to it; none where it was not udevd's. */
export interface Explained {
  readonly call: Call;
  readonly what: 'online' | 'offline';
  readonly deed: Deed | undefined;
}

/**
 * Finds for each call of the kernel's functions the deed that led to it: a worker's own writes, one for one, or a
 * program that it started: its children in order are the programs that it logged. Throws Broken where the trace and
 * udevd's log do not fit together.
 */
export function explainCalls(traced: Traced, deeds: readonly Deed[], kernel: string): Explained[] {
  const started = programsOf(traced, deeds);
  const used = new Set<Deed>();
  const byWorker = (call: Call, what: Explained['what']): Deed | undefined => {
    const deed = deeds.find(
      (one) =>
        one.how === 'rule' &&
        one.pid === call.pid &&
        one.block === call.block &&
        !used.has(one) &&
        verbOf(one, kernel) === what,
    );
    if (deed) used.add(deed);
    return deed;
  };
  const byProgram = ({pid}: Call): Deed | undefined => {
    const seen = new Set<number>();
    for (let at: number | undefined = pid; at !== undefined && !seen.has(at); at = traced.tasks.get(at)?.parent) {
      const deed = started.get(at);
      if (deed) return deed;
      seen.add(at);
    }
    return undefined;
  };
  const all = [
    ...traced.calls.map((call) => ({call, what: 'online' as const})),
    ...traced.offlines.map((call) => ({call, what: 'offline' as const})),
  ].sort((a, b) => a.call.seconds - b.call.seconds);
  return all.map(({call, what}) => {
    const deed = call.file === null ? undefined : (byProgram(call) ?? byWorker(call, what));
    if (!deed && originOf(call, traced.tasks) === 'udev') {
      throw new Broken(
        `udevd's process ${call.pid} (${call.task}) has called for ${call.block} to be ${what}, and udevd's ` +
          `log names no rule for it`,
      );
    }
    return {call, what, deed};
  });
}

function programsOf({forks}: Traced, deeds: readonly Deed[]): Map<number, Deed> {
  const started = new Map<number, Deed>();
  for (const worker of new Set(deeds.map(({pid}) => pid))) {
    const children = forks.filter(({parent}) => parent === worker).map(({child}) => child);
    const programs = deeds.filter(({pid, how}) => pid === worker && how === 'program');
    if (children.length !== programs.length)
      throw new Broken(
        `udevd's worker ${worker} has logged ${programs.length} programs, and started ${children.length}`,
      );
    for (const [i, deed] of programs.entries()) started.set(children[i] ?? 0, deed);
  }
  return started;
}

/** Which function of the kernel a word leads to; none where the kernel does not know the word. */
function verbOf({file, word = ''}: Deed, kernel: string): Explained['what'] | undefined {
  if (file === 'online') {
    const on = kstrtobool(word, kernel);
    return on === undefined ? undefined : on ? 'online' : 'offline';
  }
  return /^online(_kernel|_movable)?\n?$/.test(word) ? 'online' : /^offline\n?$/.test(word) ? 'offline' : undefined;
}

/** The kernel's numbers of errors that a write to a block may end with. */
const ERRNO: Readonly<Record<number, string>> = {1: 'EPERM', 4: 'EINTR', 12: 'ENOMEM', 16: 'EBUSY', 22: 'EINVAL'};

/**
 * How the write ended for who made it; undefined where it was taken. `state` takes "it is so already" for an error,
 * `online` does not.
 */
export function errnoOfCall({result, file}: Call): string | undefined {
  if (result === 0 || (result === 1 && file === 'online')) return undefined;
  return result === 1 ? 'EINVAL' : (ERRNO[-result] ?? `error ${-result}`);
}
