import {shown, isKnown, unknown} from '../follow/unknown.ts';
import {runScript} from '../shell/run.ts';
import {argvOf} from './argv.ts';
import type {Host} from './host.ts';
import {SYSTEM} from './known.ts';
import {NOT_FOUND, runProgram} from './programs.ts';

/** What came of a command that udevd started. */
export interface Ran {
  readonly status: number;
  readonly output: string;
}

/**
 * A command as udevd starts it (udev-spawn.c): there is no shell, and a program without a path is looked for in udevd's
 * own directory alone.
 */
export function spawn(command: string, host: Host, env: ReadonlyMap<string, string>): Ran {
  const argv = argvOf(command);
  const [program = ''] = argv;
  const name = program.replace(/^.*\//, '');
  const printed: string[] = [];
  const call = {argv, stdin: '', print: (text: string) => printed.push(text) > 0, cwd: '/', env, host};
  const ran = (status: number): Ran => ({status, output: printed.join('')});
  if (program === '') return ran(NOT_FOUND);
  if (isKnown(program)) {
    if (!program.startsWith('/') && (SYSTEM.has(program) || program.includes('/'))) return ran(NOT_FOUND);
    if (/^\/(usr\/)?bin\/[^/]+$/.test(program) || (/^\/(usr\/)?sbin\/[^/]+$/.test(program) && SYSTEM.has(name)))
      return ran(runProgram(name, call, runScript));
    if (HELPERS.has(name) && (!program.startsWith('/') || program.includes('/udev/')))
      return ran(runProgram('true', call, runScript));
  }
  const what = shown(argv.join(' ')).slice(0, 120);
  host.mayWrite(host.name);
  printed.push(unknown(`what "${what}" prints in ${host.name}`));
  return ran(host.oracle.choose(`whether "${what}" succeeds in ${host.name}`, what, [0, 1]));
}

/** Programs of udevd's own and others' in its directory that leave memory blocks alone. */
const HELPERS = new Set(['kdump-udev-throttler', 'rename_device']);
