import {machineOf} from '../guest.ts';
import {canBe, dependency, isKnown, shown, unknown} from '../follow/unknown.ts';
import {resolved} from '../follow/paths.ts';
import {isShell} from './argv.ts';
import {grep} from './grep.ts';
import type {Call} from './host.ts';
import {HARMLESS, STARTERS} from './known.ts';
import {printfText} from './printf.ts';

export const NOT_FOUND = 127;

/** Runs a script: `sh -c`. Set by the shell, which runs programs itself. */
type RunScript = (script: string, call: Call) => number;

/** Runs a program that is there, by its name: its exit status. What is not known of it is asked. */
export function runProgram(name: string, call: Call, script: RunScript): number {
  const {
    argv: [, ...args],
    host,
  } = call;
  const known = PROGRAMS[name];
  if (known) return known(args, call);
  if (isShell(name)) return shell(args, call, script);
  if (STARTERS.has(name)) return started(args, call, script);
  if (name === 'systemctl' || name === 'systemd-run') return unit(name, args, call);
  if (!HARMLESS.has(name)) host.mayWrite(host.name);
  return answered(name, args, call);
}

/** Output and exit status of a program that is not known. */
function answered(name: string, args: readonly string[], {host, print}: Call): number {
  const what = shown([name, ...args].join(' ')).slice(0, 80);
  print(unknown(`what "${what}" prints in ${host.name}`));
  return host.oracle.choose(`whether "${what}" succeeds in ${host.name}`, what, [0, 1]);
}

function shell(args: readonly string[], call: Call, script: RunScript): number {
  const at = args.findIndex((arg) => /^-[a-z]*c$/.test(arg));
  const text = args[at + 1];
  if (at < 0 || text === undefined || !args.slice(0, at).every((arg) => arg.startsWith('-'))) {
    call.host.mayWrite(call.host.name);
    return answered('sh', args, call);
  }
  return script(text, {...call, argv: args.slice(at + 2)});
}

function started(args: readonly string[], call: Call, script: RunScript): number {
  let i = 0;
  while (i < args.length && /^(-|\d|\w+=|\/[^ ]*lock)/.test(args[i] ?? '')) i += 1;
  const argv = args.slice(i);
  const name = (argv[0] ?? '').replace(/^.*\//, '');
  if (name === '') return 0;
  return runProgram(name, {...call, argv}, script);
}

/** A unit is started and may do anything; only asking about one does nothing. */
function unit(name: string, args: readonly string[], call: Call): number {
  const asks = name === 'systemctl' && args.some((arg) => /^(is-|show|status|cat|list)/.test(arg));
  if (!asks) call.host.mayWrite(`what "${shown([name, ...args].join(' '))}" starts in ${call.host.name}`);
  return answered(name, args, call);
}

type Program = (args: readonly string[], call: Call) => number;

const PROGRAMS: Readonly<Record<string, Program>> = {
  true: () => 0,
  ':': () => 0,
  false: () => 1,
  echo: (args, {print}) => {
    const flags = /^-[neE]+$/.test(args[0] ?? '') ? (args[0] ?? '') : '';
    return print(args.slice(flags === '' ? 0 : 1).join(' ') + (flags.includes('n') ? '' : '\n')) ? 0 : 1;
  },
  printf: ([format = '', ...args], {print}) => (print(printfText(format, args)) ? 0 : 1),
  cat: (args, call) => {
    let ok = true;
    const files = args.filter((arg) => !/^-\w/.test(arg));
    for (const file of files.length > 0 ? files : ['-']) {
      const text = file === '-' ? call.stdin : call.host.read(resolved(call.cwd, file));
      if (text === undefined) ok = false;
      else if (!call.print(text)) ok = false;
    }
    return ok ? 0 : 1;
  },
  tee: (args, call) => {
    let ok = call.print(call.stdin);
    for (const file of args.filter((arg) => !arg.startsWith('-')))
      if (call.host.write(resolved(call.cwd, file), call.stdin) !== undefined) ok = false;
    return ok ? 0 : 1;
  },
  dd: (args, call) => {
    const named = (key: string): string | undefined =>
      args.find((arg) => arg.startsWith(`${key}=`))?.slice(key.length + 1);
    const source = named('if');
    const text = source === undefined ? call.stdin : call.host.read(resolved(call.cwd, source));
    const file = named('of');
    if (text === undefined) return 1;
    return (file === undefined ? call.print(text) : call.host.write(resolved(call.cwd, file), text) === undefined)
      ? 0
      : 1;
  },
  grep: (args, call) => grep(args, call),
  egrep: (args, call) => grep(['-E', ...args], call),
  fgrep: (args, call) => grep(['-F', ...args], call),
  uname: (args, {host: {guest, oracle}, print}) => {
    const machine = machineOf(guest.arch);
    const [option = ''] = args;
    const printed =
      option === '-m'
        ? machine
        : option === '-s' || option === ''
          ? 'Linux'
          : option === '-r' && guest.kernel !== undefined
            ? guest.kernel
            : undefined;
    if (printed !== undefined && args.length <= 1) return print(`${printed}\n`) ? 0 : 1;
    // Red Hat's coreutils print the machine for -p and -i, everybody else's "unknown".
    const what = `what "uname ${args.join(' ')}" prints`;
    const text =
      (option === '-p' || option === '-i') && args.length === 1
        ? oracle.choose(what, option, ['unknown', machine])
        : unknown(what);
    return print(`${text}\n`) ? 0 : 1;
  },
  'systemd-detect-virt': (args, call) => {
    const {host, print} = call;
    const {virt} = host.guest;
    const quiet = args.some((arg) => arg === '-q' || arg === '--quiet');
    const asks = args.filter((arg) => arg !== '-q' && arg !== '--quiet');
    const container = asks.length === 1 && /^(-c|--container|-r|--chroot|--private-users|--cvm)$/.test(asks[0] ?? '');
    if (asks.length > 0 && !container && !(asks.length === 1 && /^(-v|--vm)$/.test(asks[0] ?? '')))
      return answered('systemd-detect-virt', args, call);
    if (!quiet && !(container && /r|u/.test(asks[0] ?? ''))) print(`${container ? 'none' : virt}\n`);
    return container || virt === 'none' ? 1 : 0;
  },
  test: (args, call) => test(args, call),
  '[': (args, call) => test(args.slice(0, -1), call),
  chmem: (args, {host}) => {
    if (args.some((arg) => /^-\w*[ed]|^--(enable|disable)$/.test(arg)))
      host.mayWrite(`what "${shown(['chmem', ...args].join(' '))}" does in ${host.name}`);
    return host.oracle.choose(`whether chmem succeeds in ${host.name}`, args.join(' '), [0, 1]);
  },
};

/** `test` of dash and coreutils, as far as rules use it. Anything else is asked. */
function test(args: readonly string[], call: Call): number {
  const {host, cwd} = call;
  const status = (truth: boolean): number => (truth ? 0 : 1);
  const ask = (): number =>
    host.oracle.choose(`whether "test ${shown(args.join(' '))}" holds in ${host.name}`, args.join(' '), [0, 1]);
  if (args[0] === '!' && args.length > 1) {
    const inner = test(args.slice(1), call);
    return inner > 1 ? inner : 1 - inner;
  }
  const joint = args.findIndex((arg, i) => (arg === '-a' || arg === '-o') && i > 0 && i < args.length - 1);
  if (joint > 0 && args.length > 3) {
    const left = test(args.slice(0, joint), call) === 0;
    const right = (): boolean => test(args.slice(joint + 1), call) === 0;
    return status(args[joint] === '-a' ? left && right() : left || right());
  }
  const [a = '', operator = '', b = ''] = args;
  if (args.length === 0) return 1;
  if (args.length === 1) return status(a !== '');
  if (args.length === 2) {
    if (a === '-n') return isKnown(operator) || !canBe(operator, '') ? status(operator !== '') : ask();
    if (a === '-z') return isKnown(operator) || !canBe(operator, '') ? status(operator === '') : ask();
    if (/^-[efrwdsxLh]$/.test(a)) return isKnown(operator) ? status(host.exists(resolved(cwd, operator))) : ask();
    return ask();
  }
  if (args.length === 3 && (operator === '=' || operator === '==')) return status(equal(a, b, call));
  if (args.length === 3 && operator === '!=') return status(!equal(a, b, call));
  if (args.length === 3 && /^-(eq|ne|lt|le|gt|ge)$/.test(operator) && /^-?\d+$/.test(a) && /^-?\d+$/.test(b))
    return status(compared(Number(a), operator.slice(1), Number(b)));
  return ask();
}

function equal(a: string, b: string, {host}: Call): boolean {
  if (isKnown(a) && isKnown(b)) return a === b;
  if ((isKnown(b) && !canBe(a, b)) || (isKnown(a) && !canBe(b, a))) return false;
  return host.oracle.choose(dependency(isKnown(a) ? b : a), `${a} is ${b}`, [true, false]);
}

const compared = (a: number, how: string, b: number): boolean =>
  how === 'eq'
    ? a === b
    : how === 'ne'
      ? a !== b
      : how === 'lt'
        ? a < b
        : how === 'le'
          ? a <= b
          : how === 'gt'
            ? a > b
            : a >= b;
