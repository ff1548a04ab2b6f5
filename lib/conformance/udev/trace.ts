import {Broken} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';

/**
 * Makes the kernel tell of every attempt to online a device, by whom, and how it ended; of devices that are there; and
 * of new processes, in an instance of its own of tracefs. Exit status 7 where it can't: no tracefs, no kprobe events,
 * or locked down.
 * `device_online` is what the policy, `state` and `online` all go through (drivers/base/core.c, 3.11 to 7.2); the
 * return probe
 * tells from where. `bus_probe_device` comes right after the uevent `add`: kobject_uevent itself can't be probed.
 */
export const ARM = `
T=/sys/kernel/tracing
[ -e $T/kprobe_events ] || mount -t tracefs none $T 2>/dev/null
I=$T/instances/memhp
{ [ -w $T/kprobe_events ] && mkdir -p $I; } 2>/dev/null || exit 7
echo mono >$I/trace_clock && echo 'p:memhp/created bus_probe_device name=+0(+0($arg1)):string' >>$T/kprobe_events || exit 7
echo 'p:memhp/online device_online name=+0(+0($arg1)):string' >>$T/kprobe_events &&
echo 'r:memhp/onlined device_online ret=$retval:s32' >>$T/kprobe_events &&
echo 1 >$I/events/memhp/enable && echo 1 >$I/events/sched/sched_process_fork/enable && cat /proc/[0-9]*/stat 2>/dev/null
true`;

/** Prints what was told up to now. */
export const TOLD = `
I=/sys/kernel/tracing/instances/memhp
cat /proc/[0-9]*/stat 2>/dev/null
echo '@lost'
cat $I/per_cpu/cpu*/stats
echo '@trace'
cat $I/trace`;

/** A call of device_online (or device_offline) for a memory block. */
export interface Call {
  readonly block: string;
  readonly task: string;
  readonly pid: number;
  /** When it ended, on the guest's monotonic clock. */
  readonly seconds: number;
  /** The file that was written to; null where the kernel called by itself. */
  readonly file: 'state' | 'online' | null;
  /** 0: it is done; 1: it was so already; below: an error's number. */
  readonly result: number;
}

/** A process, as far as it matters here. */
export interface Task {
  readonly name: string;
  readonly parent: number;
  /** `T` is stopped; undefined for one that has come and gone. */
  readonly state: string | undefined;
}

export interface Traced {
  /** When each memory block was there. */
  readonly created: ReadonlyMap<string, number>;
  readonly calls: readonly Call[];
  /** Calls of device_offline, where somebody has set probes for them as well. */
  readonly offlines: readonly Call[];
  /** What was written into the trace itself, and when. */
  readonly marks: ReadonlyMap<string, number>;
  /** New processes in order: whose child each is. */
  readonly forks: readonly {readonly parent: number; readonly child: number}[];
  readonly tasks: ReadonlyMap<number, Task>;
}

const LINE = /^\s*([^]*)-(\d+)\s+\[\d+\]\s+\S+\s+(\d+\.\d+): (\w+): ([^]*)$/;

/** A task's name, of 15 characters, may have a line's end in it. */
function linesOf(trace: string): string[] {
  const lines: string[] = [];
  let begun = '';
  for (const line of trace.split('\n').filter(Boolean)) {
    const whole = begun + line;
    if (lines.length === 0 && whole.startsWith('#') && !LINE.test(whole)) continue; // the head
    const ends = LINE.test(whole) && !/child_comm=(?![^]* child_pid=)/.test(whole);
    if (ends) lines.push(whole);
    begun = ends ? '' : `${whole}\n`;
  }
  return begun === '' ? lines : [...lines, begun];
}

/** Reads what ARM and TOLD printed. Throws Broken where something was lost. */
export function parseTrace(atFirst: string, atLast: string): Traced {
  const [, last = '', lost = '', trace = ''] = /^([^]*)@lost\n([^]*)@trace\n([^]*)$/.exec(atLast) ?? [];
  const [gone] = /^(?:overrun|dropped events): [1-9].*/m.exec(lost) ?? [];
  if (gone !== undefined) throw new Broken(`the kernel's trace is incomplete: ${gone}`);
  const tasks = new Map([...parseTasks(last), ...parseTasks(atFirst)]);
  const created = new Map<string, number>();
  const open = new Map<number, string>();
  const calls: Call[] = [];
  const offlines: Call[] = [];
  const marks = new Map<string, number>();
  const forks: {parent: number; child: number}[] = [];
  for (const line of linesOf(trace)) {
    const [, task = '', number = '', time = '', event = '', rest = ''] = LINE.exec(line) ?? [];
    if (event === '') throw new Broken(`not a line of the kernel's trace: "${clean(line, 160)}"`);
    const [pid, seconds] = [Number(number), Number(time)];
    const block = /name="(memory\d+)"/.exec(rest)?.[1];
    if (event === 'tracing_mark_write') marks.set(rest.trim(), seconds);
    if (event === 'created' && block !== undefined) created.set(block, seconds);
    if (event === 'sched_process_fork') {
      const [, parent = '', name = '', child = ''] = / pid=(\d+) child_comm=([^]*) child_pid=(\d+)$/.exec(rest) ?? [];
      forks.push({parent: Number(parent), child: Number(child)});
      if (!tasks.has(Number(child))) tasks.set(Number(child), {name, parent: Number(parent), state: undefined});
    }
    if ((event === 'online' || event === 'offline') && block !== undefined) open.set(pid, block);
    const begun = event === 'onlined' || event === 'offlined' ? open.get(pid) : undefined;
    if (begun !== undefined) {
      open.delete(pid);
      const file = /\(((?:state|online))_store\b/.exec(rest)?.[1] as Call['file'] | undefined;
      (event === 'onlined' ? calls : offlines).push({
        block: begun,
        task: clean(task).trim(),
        pid,
        seconds,
        file: file ?? null,
        result: Number(/ret=(-?\d+)/.exec(rest)?.[1]),
      });
    }
  }
  return {created, calls, offlines, marks, forks, tasks};
}

/** Lines of /proc/PID/stat. */
export function parseTasks(text: string): Map<number, Task> {
  return new Map(
    [...text.matchAll(/^(\d+) \((.*)\) (\w) (\d+) /gm)].map(([, pid, name = '', state, parent]) => [
      Number(pid),
      {name, parent: Number(parent), state},
    ]),
  );
}

const isUdevd = (task: Task | undefined): boolean => task?.name === 'systemd-udevd' || task?.name === 'udevd';

/** udevd's main processes, which aren't children of another udevd: what each is doing. Zombies don't count. */
export const udevdStates = (tasks: ReadonlyMap<number, Task>): (string | undefined)[] =>
  [...tasks.values()]
    .filter((task) => isUdevd(task) && !isUdevd(tasks.get(task.parent)) && task.state !== 'Z')
    .map(({state}) => state);

/** Who called: the kernel by itself, a descendant of udevd, or somebody else. */
export function originOf(
  {pid, file}: Pick<Call, 'pid' | 'file'>,
  tasks: ReadonlyMap<number, Task>,
): 'kernel' | 'udev' | 'process' {
  if (file === null) return 'kernel';
  const seen = new Set<number>();
  for (let at: number | undefined = pid; at !== undefined && !seen.has(at); at = tasks.get(at)?.parent) {
    if (isUdevd(tasks.get(at))) return 'udev';
    seen.add(at);
  }
  return 'process';
}
