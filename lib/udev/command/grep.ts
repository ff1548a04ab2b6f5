import {dependency, isKnown, shown} from '../follow/unknown.ts';
import {resolved} from '../follow/paths.ts';
import type {Call} from './host.ts';

const WITH_VALUE = /^-[mABC]$/;

/** grep as rules use it: on files or what is piped to it, for words that are no great expressions. */
export function grep(args: readonly string[], call: Call): number {
  const {host} = call;
  const patterns: string[] = [];
  const files: string[] = [];
  let flags = '';
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '-e') patterns.push(args[(i += 1)] ?? '');
    else if (WITH_VALUE.test(arg)) i += 1;
    else if (/^--?[a-z]/i.test(arg)) flags += arg.startsWith('--') ? (LONG[arg] ?? '?') : arg.slice(1);
    else if (patterns.length === 0) patterns.push(arg);
    else files.push(arg);
  }
  const texts = files.length > 0 ? files.map((file) => host.read(resolved(call.cwd, file))) : [call.stdin];
  const asked = `whether "grep ${shown(args.join(' '))}" finds something in ${host.name}`;
  const matcher = patterns.map((pattern) => expression(pattern, flags));
  let found = false;
  for (const text of texts) {
    if (text === undefined) continue;
    for (const line of text.replace(/\n$/, '').split('\n')) {
      const open = !isKnown(line) || matcher.some((one) => one === undefined) || flags.includes('?');
      const hit = open
        ? host.oracle.choose(isKnown(line) ? asked : dependency(line), `${asked} ${line}`, [true, false])
        : matcher.some((one) => one?.test(line));
      if (hit === flags.includes('v')) continue;
      found = true;
      if (!/[qcl]/.test(flags)) call.print(`${line}\n`);
    }
  }
  return found ? 0 : texts.includes(undefined) ? 2 : 1;
}

const LONG: Readonly<Record<string, string>> = {
  '--quiet': 'q',
  '--silent': 'q',
  '--ignore-case': 'i',
  '--invert-match': 'v',
  '--word-regexp': 'w',
  '--line-regexp': 'x',
  '--fixed-strings': 'F',
  '--extended-regexp': 'E',
  '--no-messages': 's',
};

/** As an expression of JavaScript; undefined where it is more than words, `^`, `$`, `.`, `.*`, brackets and `|`. */
function expression(pattern: string, flags: string): RegExp | undefined {
  const fixed = flags.includes('F');
  const escaped = pattern.replaceAll(/[{}\\/]/g, '\\$&');
  if (
    !fixed &&
    (!isKnown(pattern) || !/^\^?(?:[\w\s:=/,-]|\.\*?|\[[\w-]+\]|[|()?+])*\$?$/.test(pattern) || /[()?+]/.test(pattern))
  )
    return undefined;
  const source = fixed
    ? pattern.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
    : flags.includes('E')
      ? escaped
      : escaped.replaceAll('|', '\\|');
  const bound = flags.includes('x') ? `^(?:${source})$` : flags.includes('w') ? `(?<!\\w)(?:${source})(?!\\w)` : source;
  return new RegExp(bound, flags.includes('i') ? 'i' : '');
}
