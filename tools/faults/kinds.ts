import {readdir, stat, truncate} from 'node:fs/promises';
import {join} from 'node:path';
import type {Random} from '../../lib/util/random.ts';
import type {Process} from './world.ts';
import {MiB} from '../../lib/util/size.ts';

/** What a fault gets to strike with. */
export interface Struck {
  readonly random: Random;
  /** The run's cache. */
  readonly cache: string;
  /** The id of memhp's own process. */
  readonly memhp: number;
  /** The id of a process of the run; undefined where the run ends before there is one. */
  readonly find: (is: (process: Process) => boolean) => Promise<number | undefined>;
  /**
   * Tells the relay or the preload that the moment has come, and what to do; false where the run ends before anybody
   * heard.
   */
  readonly tell: (message: object, answered: boolean) => Promise<boolean>;
}

/** A kind of fault. */
export interface Kind {
  readonly name: string;
  /** For the table. */
  readonly what: string;
  /**
   * What the round needs: a cache of its own (with or without templates), QEMU behind something, a mount namespace, …
   */
  readonly needs?: {
    readonly cache?: 'own' | 'empty' | 'any';
    readonly env?: (random: Random) => Readonly<Record<string, string>>;
    readonly namespace?: (random: Random, paths: {cache: string; out: string}) => {before: string; after: string};
    readonly runs?: number;
  };
  /** Is the run ended by it at once, so that it can't tidy up? */
  readonly sudden?: boolean;
  /** At the moment; returns whether something was hit. Absent: the fault is there from the beginning. */
  readonly strike?: (world: Struck) => Promise<boolean>;
  /** What the run is to end with, if it was hit: `any` of 0 and 3 where it is left out. */
  readonly exit?: 'any' | 'cut' | 'usage' | 'good';
}

const signalQemu =
  (name: 'SIGKILL' | 'SIGSTOP') =>
  async ({find}: Struck): Promise<boolean> => {
    const pid = await find(({isQemu}) => isQemu);
    return pid !== undefined && kill(pid, name);
  };

function kill(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

const relay = {cache: 'any', env: () => ({MEMHP_FAULTS_QEMU: 'relay'})} as const;
const say =
  (message: object) =>
  ({tell}: Struck): Promise<boolean> =>
    tell({say: message}, true);
const hmp = (line: string): object => ({execute: 'human-monitor-command', arguments: {'command-line': line}});

const signals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGKILL'] as const;
const isRunner = ({words}: Process): boolean => words.some((word) => /ava\/.*cli\.mjs$/.test(word));
const isWorker = ({words}: Process): boolean => words.some((word) => /ava\/.*worker\//.test(word));

const signalTo =
  (name: NodeJS.Signals, is?: (process: Process) => boolean) =>
  async ({memhp, find}: Struck): Promise<boolean> => {
    const pid = is ? await find(is) : memhp;
    return pid !== undefined && kill(pid, name);
  };

const tmpfs = (dir: string, bytes: number): string =>
  `mkdir -p ${dir}; mount -t tmpfs -o size=${bytes} memhp-faults ${dir}`;
/** What is left there, told before the mount is gone. */
const waste = (dir: string): string =>
  `find ${dir} -name '.tmp-*' -o -name '.lock-*' -o -name '*.part' -o -name .writable -o -name plan.json -o ` +
  `-type s >"$MEMHP_FAULTS_DIR/waste"`;

export const kinds: readonly Kind[] = [
  {name: 'qemu-killed', what: 'QEMU is killed', needs: {cache: 'any'}, strike: signalQemu('SIGKILL')},
  {
    name: 'qemu-stopped',
    what: 'QEMU is stopped (SIGSTOP) and goes on never',
    needs: {cache: 'any'},
    strike: signalQemu('SIGSTOP'),
  },
  {name: 'qmp-cut', what: 'the QMP connection is cut', needs: relay, strike: ({tell}) => tell({cut: 'monitor'}, true)},
  {
    name: 'panic-sysrq',
    what: 'the guest panics, asked by Alt-SysRq-c',
    needs: relay,
    strike: say(hmp('sendkey alt-sysrq-c')),
  },
  {
    name: 'panic-nmi',
    what: 'the guest panics at an NMI from the monitor',
    needs: relay,
    strike: say({execute: 'inject-nmi'}),
  },
  {
    name: 'guest-stopped',
    what: 'the machine is stopped by the monitor and goes on never',
    needs: relay,
    strike: say({execute: 'stop'}),
  },
  {
    name: 'serial-silent',
    what: "a port of the guest's shell, or the console with both, falls silent",
    needs: relay,
    strike: ({tell, random}) =>
      tell({mute: random.pick([['work'], ['watch'], ['work', 'watch', 'serial'], ['monitor']])}, true),
  },
  {
    name: 'template-truncated',
    what: 'a file of the template is cut off, between runs or in the middle of one',
    needs: {cache: 'own'},
    strike: async ({random, cache}) => {
      const [template = ''] = await readdir(join(cache, 'templates'));
      const file = join(cache, 'templates', template, random.pick(['ram', 'ram', 'state', 'facts.json']));
      const {size} = await stat(file);
      await truncate(file, random.oneIn(4) ? 0 : random.whole(1, size - 1));
      return true;
    },
  },
  {
    name: 'cache-read-only',
    what: 'the cache is on a file system that is read-only',
    needs: {
      cache: 'any',
      namespace: (_random, {cache}) => ({
        before: `mount --bind ${cache} ${cache}; mount -o remount,ro,bind ${cache}`,
        after: 'true',
      }),
    },
  },
  {
    name: 'cache-full',
    what: 'the file system of the cache is full, at once or while the guest boots',
    needs: {
      cache: 'empty',
      namespace: (random, {cache}) => {
        const dir = random.oneIn(5) ? cache : `${cache}/templates`;
        return {before: tmpfs(dir, random.whole(1, 220) * MiB), after: waste(cache)};
      },
    },
  },
  {
    name: 'out-full',
    what: 'the file system of the run directory becomes full',
    needs: {
      cache: 'any',
      namespace: (random, {out}) => ({
        before: tmpfs(out, random.whole(8, 900) * 1024),
        after:
          `${waste(out)}; mkdir ${out}.kept; cp -a ${out}/. ${out}.kept; umount ${out}; cp -a ` +
          `${out}.kept/. ${out}; rm -r ${out}.kept`,
      }),
    },
  },
  {
    name: 'no-memory',
    what: 'there is no memory for one more clone, or for what is plugged into it',
    needs: {
      cache: 'any',
      env: (random) => ({MEMHP_FAULTS_QEMU: 'limit', MEMHP_FAULTS_LIMIT: String(random.whole(64, 4096) * MiB)}),
    },
    strike: ({tell}) => tell({}, true),
  },
  {
    name: 'clock-jumps',
    what: 'the wall clock jumps, by a second or by years, to and fro',
    needs: {
      cache: 'any',
      env: (random) => ({
        MEMHP_FAULTS_JUMP: String(
          random.pick([1, -1]) * random.pick([1000, 60_000, 3_600_000, 86_400_000, 300_000_000_000]),
        ),
      }),
    },
    strike: ({tell}) => tell({}, false),
    exit: 'good',
  },
  {
    name: 'two-runs',
    what: 'two runs begin at the same moment, on an empty cache',
    needs: {cache: 'empty', runs: 2},
    exit: 'good',
  },
  ...signals.map((name): Kind => ({
    name: `memhp-${name.slice(3).toLowerCase()}`,
    what: `memhp gets ${name}`,
    needs: {cache: 'any'},
    exit: 'cut',
    sudden: name === 'SIGKILL' || name === 'SIGQUIT',
    strike: signalTo(name),
  })),
  ...signals.map((name): Kind => ({
    name: `runner-${name.slice(3).toLowerCase()}`,
    what: `the test runner gets ${name}`,
    needs: {cache: 'any'},
    strike: signalTo(name, isRunner),
  })),
  ...(['SIGTERM', 'SIGKILL'] as const).map((name): Kind => ({
    name: `worker-${name.slice(3).toLowerCase()}`,
    what: `the runner's worker gets ${name}`,
    needs: {cache: 'any'},
    strike: signalTo(name, isWorker),
  })),
];
