import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import {Broken} from '../../util/errors.ts';
import {stopwatch} from '../../util/clock.ts';
import type {BuildOptions} from '../store.ts';
import {runTool, ToolFailed} from '../tool.ts';
import {prefixOn, type Target} from './targets.ts';

/** Runs `make` of an unpacked source, with all that it writes below `out`. */
export type Kbuild = (args: readonly string[], onLine?: (line: string) => void) => Promise<void>;

/** What of the user's environment would change a kernel without being asked. */
const NOT_OURS = ['MAKEFLAGS', 'MFLAGS', 'KCFLAGS', 'KCPPFLAGS', 'KAFLAGS', 'KBUILD_OUTPUT', 'KCONFIG_CONFIG'];

/** `make` for a target; what it builds is the same whoever builds it, and when. */
export async function kbuild(
  {source, out}: {readonly source: string; readonly out: string},
  target: Target,
  {signal}: Pick<BuildOptions, 'signal'>,
): Promise<Kbuild> {
  const {mtime} = await stat(join(source, 'Makefile'));
  const given = ['-C', source, `O=${out}`, `ARCH=${target.arch}`, `CROSS_COMPILE=${prefixOn(target)}`];
  const env = {
    ...Object.fromEntries(NOT_OURS.map((name) => [name, undefined])),
    KBUILD_BUILD_USER: 'memhp',
    KBUILD_BUILD_HOST: 'memhp',
    KBUILD_BUILD_VERSION: '1',
    KBUILD_BUILD_TIMESTAMP: mtime.toUTCString(),
  };
  return async (args, onLine) => {
    try {
      await runTool('make', [...given, ...args], {signal, env, onLine});
    } catch (error) {
      if (!(error instanceof ToolFailed)) throw error;
      throw new Broken(`${error.message}${firstErrors(error.output)}`, {cause: error});
    }
  };
}

/** With several jobs the first error is long gone from the last lines. */
function firstErrors(output: string): string {
  const errors = output.split('\n').filter((line) => /\berror: |undefined reference|\*\*\*/.test(line));
  return errors.length === 0 ? '' : `\nits first errors:\n${errors.slice(0, 5).join('\n')}`;
}

/** Tells how far `make` is, from the lines that it prints for each file: at most every half minute. */
export function compileProgress(what: string, log: BuildOptions['log'], since = stopwatch()): (line: string) => void {
  const STEP = 30_000;
  let files = 0;
  let next = STEP;
  return (line) => {
    const file = /^\s+(?:CC|AS|LD|AR)\s+(\S+)/.exec(line)?.[1];
    if (file === undefined) return;
    files += 1;
    if (since() < next) return;
    next = since() + STEP;
    log(`${what}: ${files} files in ${Math.round(since() / 1000)} s, now ${file}`);
  };
}
