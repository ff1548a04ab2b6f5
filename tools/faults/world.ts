import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {amd64} from '../../lib/machine/board/amd64.ts';
import {findQemu} from '../../lib/vmm/qemu/binary.ts';
import {root} from '../../lib/util/paths.ts';
import {shellQuote} from '../../lib/util/text.ts';

/**
 * Cases that take a second each on a kernel alone: a plug, three transitions, a refusal of QEMU's, a recorded
 * deviation, and one that is skipped.
 */
export const CASES = [
  'online/movable',
  'offline/state',
  'plug/refused-slot-taken',
  'unplug/refused-rolls-back',
  'offline/abort-by-signal-kill',
];

/** By these a guest can be made to panic from outside. */
const APPEND = 'sysrq_always_enabled unknown_nmi_panic';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Deadlines of ten seconds and more are so many times shorter in a round. */
export const HASTE = 6;

/** How a memhp ended. */
export interface Ended {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly timedOut: boolean;
  readonly stderr: string;
}

export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly token: string;
}

export interface StartOptions {
  readonly out: string;
  readonly cache: string;
  /** A directory for this start alone. */
  readonly dir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Shell commands to run before memhp, in a mount namespace of its own, and after it. */
  readonly namespace?: {readonly before: string; readonly after: string};
}

export interface Process {
  readonly pid: number;
  readonly words: readonly string[];
  readonly isQemu: boolean;
}

/** A place for rounds: a cache with the guest in it, and memhp started there as its users start it. */
export class World {
  readonly dir: string;
  readonly kernel: string;
  /** Limit of one memhp, in ms: its boot and each of its cases may end by their deadlines, one after the other. */
  readonly limitMs = 400_000;

  constructor(dir: string, kernel: string) {
    this.dir = dir;
    this.kernel = kernel;
  }

  get cache(): string {
    return join(this.dir, 'cache');
  }

  /**
   * The QEMU that all runs of this world are given: a script, because what is in between differs from round to round.
   */
  async begin(): Promise<void> {
    await mkdir(join(this.dir, 'tmp'), {recursive: true});
    const {path} = await findQemu(amd64.qemu);
    await writeFile(
      join(this.dir, 'qemu'),
      `#!/bin/sh
case $MEMHP_FAULTS_QEMU:$* in
  relay:*' -chardev '*) exec ${shellQuote(process.execPath)} ${shellQuote(here('relay.js'))} ${path} "$@" ;;
  limit:*' -chardev '*) if [ -e "$MEMHP_FAULTS_DIR/strike" ]; then : >"$MEMHP_FAULTS_DIR/struck"; exec prlimit --as="$MEMHP_FAULTS_LIMIT" ${path} "$@"; fi ;;
esac
exec ${path} "$@"
`,
      {mode: 0o755},
    );
  }

  /** Starts `memhp run`. Its processes and all that they start are known by a token in their environment. */
  start({out, cache, dir, env = {}, namespace}: StartOptions): Started {
    const token = `MEMHP_FAULTS_ROUND=${basename(dir)}-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const command = [
      process.execPath,
      join(root, 'lib/cli/bin.js'),
      'run',
      ...CASES,
      '--kernel',
      this.kernel,
      '--qemu',
      join(this.dir, 'qemu'),
      '--append',
      APPEND,
      '--accel',
      'tcg',
      '--jobs',
      '1',
      '--out',
      out,
      '--json',
    ];
    const [file = '', ...args] =
      namespace === undefined
        ? command
        : [
            'unshare',
            process.getuid?.() === 0 ? '-m' : '-rm',
            'sh',
            '-c',
            `set -e; ${namespace.before}; set +e; "$@"; status=$?; ${namespace.after}; exit $status`,
            'sh',
            ...command,
          ];
    const child = execa(file, args, {
      env: {
        [token.slice(0, token.indexOf('='))]: token.slice(token.indexOf('=') + 1),
        NODE_OPTIONS: `--import=${here('preload.js')}`,
        MEMHP_FAULTS_DIR: dir,
        MEMHP_FAULTS_HASTE: String(HASTE),
        MEMHP_CACHE: cache,
        TMPDIR: join(this.dir, 'tmp'),
        ...env,
      },
      reject: false,
      stdin: 'ignore',
      timeout: this.limitMs,
      forceKillAfterDelay: 5000,
    });
    const ended = child.then(({exitCode, signal, timedOut, stderr}): Ended => ({exitCode, signal, timedOut, stderr}));
    return {pid: child.pid ?? 0, ended, token};
  }

  /** A cache with this world's images, but with no template, or with one of its own. */
  async newCache(name: string, {templates}: {templates: boolean}): Promise<string> {
    const cache = join(this.dir, name);
    await rm(cache, {recursive: true, force: true});
    await mkdir(cache);
    for (const part of ['images', 'accelerator', ...(templates ? ['templates'] : [])]) {
      await execa('cp', ['-a', '--sparse=always', join(this.cache, part), cache], {reject: part !== 'accelerator'});
    }
    return cache;
  }

  async end(): Promise<void> {
    await rm(this.dir, {recursive: true, force: true});
  }
}

/** The processes that have the token in their environment. */
export async function processesOf(token: string): Promise<Process[]> {
  const found: Process[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const [environ, words] = await Promise.all(
      ['environ', 'cmdline'].map((file) => readFile(`/proc/${name}/${file}`, 'latin1').catch(() => '')),
    );
    if (!environ?.split('\0').includes(token)) continue;
    const list = (words ?? '').split('\0').slice(0, -1);
    found.push({
      pid: Number(name),
      words: list,
      isQemu: /\/?qemu-system-\w+$/.test(list[0] ?? '') && list.includes('-chardev'),
    });
  }
  return found;
}

/** Processes that are there still after a while: those that were killed with their parents need a moment. */
export async function survivors(token: string): Promise<Process[]> {
  let left = await processesOf(token);
  for (let waited = 0; left.length > 0 && waited < 5000; waited += 100) {
    await delay(100);
    left = await processesOf(token);
  }
  return left;
}

const CACHE_WASTE = /^\.(?:tmp|lock)-/;
const OUT_WASTE = /\.part$|^\.writable|^plan\.json$/;

/** What should not be there after a run has ended: locks, half-built things and half-written files, sockets. */
export async function wasteIn(kind: 'cache' | 'out' | 'tmp', dir: string): Promise<string[]> {
  const entries = await readdir(dir, {recursive: true, withFileTypes: true}).catch(() => []);
  return entries
    .filter(
      (entry) => entry.isSocket() || kind === 'tmp' || (kind === 'cache' ? CACHE_WASTE : OUT_WASTE).test(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name));
}
