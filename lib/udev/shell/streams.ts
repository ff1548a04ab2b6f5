import type {Host} from '../command/host.ts';
import {resolved, targetOf} from '../follow/paths.ts';
import {dependency, isKnown, unknown} from '../follow/unknown.ts';
import type {Redirection, Word} from './ast.ts';

/** Where a command reads from and prints to. */
export interface Streams {
  readonly stdin: string;
  readonly print: (text: string) => boolean;
  readonly warn: (text: string) => boolean;
  /** What a loop has not read yet of its input. */
  readonly lines?: {left: string[]};
}

/** The lines that `read` gets from an input; one that is not known counts as one. */
export const linesOf = (stdin: string): string[] => (isKnown(stdin) ? stdin.split('\n').slice(0, -1) : [stdin]);

/** Opens what a command is redirected to; undefined where that can't be opened: the command is not started then. */
export function redirected(
  redirections: readonly Redirection[],
  outer: Streams,
  host: Host,
  cwd: string,
  textOf: (word: Word) => string,
): Streams | undefined {
  let streams = outer;
  for (const {fd, operator, target} of redirections) {
    const word = textOf(target);
    if (operator === '>&') {
      if (fd === 1 && word === '2') streams = {...streams, print: streams.warn};
      else if (fd === 2 && word === '1') streams = {...streams, warn: streams.print};
    } else if (operator === '<<<') streams = {...streams, stdin: `${word}\n`};
    else if (operator === '<') {
      const stdin = host.read(resolved(cwd, word));
      if (stdin === undefined) return undefined;
      streams = {...streams, stdin};
    } else {
      const file = opened(word, host, cwd);
      if (!file) return undefined;
      if (fd === 1 || operator === '&>') streams = {...streams, print: file};
      if (fd === 2 || operator === '&>') streams = {...streams, warn: file};
    }
  }
  return streams;
}

function opened(word: string, host: Host, cwd: string): ((text: string) => boolean) | undefined {
  if (!isKnown(word)) {
    host.mayWrite(host.name);
    return () => true;
  }
  const path = resolved(cwd, word);
  if (targetOf(path).kind === 'block' && !host.exists(path)) return undefined;
  return path === '/dev/null' ? () => true : (text) => host.write(path, text) === undefined;
}

/** The builtin `read`: one line into variables. */
export function readLine(args: readonly string[], streams: Streams, into: Map<string, string>, {oracle}: Host): number {
  const names = args.filter((arg) => !arg.startsWith('-'));
  const line = (streams.lines ?? {left: linesOf(streams.stdin)}).left.shift();
  if (line === undefined) return 1;
  if (!isKnown(line) && !oracle.choose(dependency(line), 'has a line', [false, true])) return 1;
  const words = isKnown(line)
    ? line.trim().split(/[ \t]+/)
    : names.map((name) => unknown(`${name} of ${dependency(line)}`));
  for (const [i, name] of names.entries()) {
    into.set(name, (i === names.length - 1 ? words.slice(i).join(' ') : words[i]) ?? '');
  }
  return 0;
}
