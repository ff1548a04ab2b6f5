import type {CaseGuest} from '../guest/guest.ts';

/** What the kernel's fault injection can make fail: whole pages, and objects of the slab allocator. */
const KINDS = {pages: 'fail_page_alloc', objects: 'failslab'} as const;

export type AllocationKind = keyof typeof KINDS;

/** One allocation of many, and what became of what was tried. */
export interface Failure<T> {
  readonly result: T;
  /** The functions that asked for it, innermost first; undefined where there were fewer allocations, and none failed. */
  readonly callers: readonly string[] | undefined;
}

/**
 * Lets the kernel's allocations fail one after the other: those made below one of its functions, whoever calls it, so
 * that nothing else of the guest meets them. Needs `config:CONFIG_FAULT_INJECTION_STACKTRACE_FILTER`. Source:
 * Documentation/fault-injection/fault-injection.rst, should_fail_ex() in lib/fault-inject.c.
 */
export class FailingAllocations {
  readonly #guest: CaseGuest;
  readonly #dir: string;
  readonly #below: string;
  /** Allocations that the kernel has counted: it can't be told to begin anew. */
  #counted = 0;

  private constructor(guest: CaseGuest, kind: AllocationKind, below: string) {
    this.#guest = guest;
    this.#dir = `/sys/kernel/debug/${KINDS[kind]}`;
    this.#below = below;
  }

  /**
   * Those of a kind, below a function of the kernel, and not below another one where that is named. Throws Broken where
   * there is no such symbol.
   */
  static async below(guest: CaseGuest, kind: AllocationKind, name: string, not?: string): Promise<FailingAllocations> {
    const made = new FailingAllocations(guest, kind, name);
    await guest.sh(
      `grep -q ' /sys/kernel/debug debugfs ' /proc/mounts || mount -t debugfs none /sys/kernel/debug
      cd ${made.#dir} && echo 32 >stacktrace-depth && echo N >ignore-gfp-wait && echo 2 >verbose && echo 0 >times &&
      echo 100 >probability || exit
      if [ -e min-order ]; then echo 0 >min-order && echo N >ignore-gfp-highmem || exit; fi
      range() { # of a function's code: its symbol's address, and the next one
        set -- $1 $(awk -v name=$2 '$3 == name {start = $1; print "0x" $1}
          start && $1 != start {print "0x" $1; exit}' /proc/kallsyms)
        [ $# = 3 ] && echo $2 >$1-start && echo $3 >$1-end
      }
      range require ${name}${not === undefined ? '' : ` && range reject ${not}`}`,
    );
    return made;
  }

  /** Does something in which the nth allocation fails, if there are so many. The action is one step. */
  async nth<T>(nth: number, action: () => Promise<T>): Promise<Failure<T>> {
    // A counter of the kernel's goes on for ever; one is made to fail where it is a multiple of the interval.
    const interval = this.#counted + nth;
    await this.#guest.sh(`cd ${this.#dir}; echo ${interval} >interval; echo 1 >times`);
    const result = await action();
    const left = (await this.#guest.sh(`cd ${this.#dir}; cat times; echo 0 >times`)).trim();
    if (left !== '0') return {result, callers: undefined};
    if (interval > 1) this.#counted = interval;
    return {result, callers: callers(this.#guest.now.kernelLog, this.#below)};
  }
}

/** The functions of the stack that fault injection has printed last. */
function callers(log: readonly string[], below: string): string[] {
  const trace = log.slice(log.findLastIndex((line) => line.includes('FAULT_INJECTION: forcing a failure')));
  const names = trace.flatMap((line) => /\] +(?!\?)([\w.]+)\+0x[0-9a-f]+\/0x/.exec(line)?.[1] ?? []);
  const inner = names.findLastIndex((name) => name.startsWith('should_fail'));
  const end = names.findIndex((name) => name.startsWith(below));
  return names.slice(inner + 1, end === -1 ? undefined : end);
}
