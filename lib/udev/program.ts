import {machineOf, type Guest} from './guest.ts';
import {anything, exactly, type Text, type Truth} from './maybe.ts';

/** What a program that a rule runs gives: whether it succeeds, and what it prints. */
export interface Ran {
  readonly ok: Truth;
  readonly output: Text;
}

const unknown: Ran = {ok: 'maybe', output: anything};

/** Known programs, by their path; of all others nothing is assumed. */
export function runProgram(command: string, guest: Guest): Ran {
  const [path = '', ...args] = command.trim().split(/[ \t]+/).map((word) => word.replaceAll(/^['"]|['"]$/g, ''));
  const name = /^(?:\/usr)?(?:\/local)?\/s?bin\/([\w.-]+)$/.exec(path)?.[1];
  if (name === 'uname') return uname(args, guest);
  if (name === 'systemd-detect-virt') return detectVirt(args, guest);
  if (name === 'true' || name === 'false') return {ok: name === 'true' ? 'yes' : 'no', output: exactly('')};
  if (name === 'cat' && args.length === 1 && args[0] === '/sys/devices/system/memory/auto_online_blocks') return {ok: 'yes', output: exactly(guest.policy)};
  return unknown;
}

/** `uname -p` and `-i` print the machine in Red Hat's coreutils, and "unknown" in everybody else's. */
function uname(args: readonly string[], {arch}: Guest): Ran {
  const machine = machineOf(arch);
  const options: Readonly<Record<string, Text>> = {'-m': exactly(machine), '-p': exactly(machine, 'unknown'), '-i': exactly(machine, 'unknown'), '-s': exactly('Linux'), '': exactly('Linux')};
  const output = args.length <= 1 ? options[args[0] ?? ''] : undefined;
  return output ? {ok: 'yes', output} : {ok: 'yes', output: anything};
}

/** Prints "none" on bare metal, and fails: PROGRAM does not match then, whatever is compared with its result. */
function detectVirt(args: readonly string[], {virt}: Guest): Ran {
  const [option = '--vm'] = args;
  if (args.length > 1 || !['-v', '--vm'].includes(option)) return unknown;
  return {ok: virt === 'none' ? 'no' : 'yes', output: exactly(virt)};
}
