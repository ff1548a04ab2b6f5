import {runProgram, NOT_FOUND} from '../command/programs.ts';
import type {Call, Host} from '../command/host.ts';
import {globMatches} from '../rules/glob.ts';
import {isKnown, dependency, shown, unknown} from '../follow/unknown.ts';
import {resolved} from '../follow/paths.ts';
import {NotRead, type Command, type List, type Node} from './ast.ts';
import {linesOf, readLine, redirected, type Streams} from './streams.ts';
import {patternOf, textOf, wordsOf, type Scope} from './expand.ts';
import {parseScript} from './parse.ts';

/** `exit`, `break`, `continue` and `return` leave what they stand in. */
class Leave extends Error {
  readonly how: 'exit' | 'break' | 'continue';
  readonly status: number;

  constructor(how: 'exit' | 'break' | 'continue', status: number) {
    super(how);
    this.how = how;
    this.status = status;
  }
}

/**
 * Runs the script of `sh -c`: its exit status. One that is not read is asked about, as any program that is not known.
 */
export function runScript(text: string, call: Call): number {
  const {host} = call;
  try {
    if (!isKnown(text)) throw new NotRead('it is not known');
    const script = parseScript(text);
    const [zero = 'sh', ...rest] = call.argv;
    const variables = new Map([
      ...call.env,
      ['0', zero],
      ...rest.map((arg, i) => [String(i + 1), arg] as const),
      ['@', rest.join(' ')],
      ['*', rest.join(' ')],
      ['#', String(rest.length)],
    ]);
    return new Shell(host, variables, call.cwd).script(script, {
      stdin: call.stdin,
      print: call.print,
      warn: () => true,
    });
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    host.mayWrite(host.name);
    call.print(unknown(`what ${host.name} prints`));
    return host.oracle.choose(`whether ${host.name} succeeds`, 'script', [0, 1]);
  }
}

class Shell {
  private status = 0;
  private readonly host: Host;
  private readonly variables: Map<string, string>;
  private cwd: string;

  constructor(host: Host, variables: Map<string, string>, cwd: string) {
    this.host = host;
    this.variables = variables;
    this.cwd = cwd;
  }

  script(list: List, streams: Streams): number {
    try {
      return this.list(list, streams);
    } catch (error) {
      if (!(error instanceof Leave)) throw error;
      return error.status;
    }
  }

  private list(list: List, streams: Streams): number {
    for (const {after, command} of list) {
      if ((after === '&&' && this.status !== 0) || (after === '||' && this.status === 0)) continue;
      this.status = this.command(command, streams);
    }
    return this.status;
  }

  private command({node, redirections}: Command, outer: Streams): number {
    this.host.step();
    const streams = redirected(redirections, outer, this.host, this.cwd, (word) => textOf(word, this.scope(outer)));
    return streams ? this.node(node, streams) : 2;
  }

  private node(node: Node, streams: Streams): number {
    switch (node.kind) {
      case 'simple':
        return this.simple(node, streams);
      case 'pipe':
        return this.pipe(node.parts, streams);
      case 'not':
        return this.command(node.body, streams) === 0 ? 1 : 0;
      case 'group':
        return node.subshell ? this.child().script(node.body, streams) : this.list(node.body, streams);
      case 'if': {
        for (const {test, body} of node.branches) if (this.list(test, streams) === 0) return this.body(body, streams);
        return node.otherwise ? this.body(node.otherwise, streams) : 0;
      }
      case 'for': {
        const words = node.words
          ? wordsOf(node.words, this.scope(streams))
          : (this.variables.get('@') ?? '').split(' ');
        return this.loop(words, (word) => this.variables.set(node.name, word), node.body, streams);
      }
      case 'while':
        return this.repeat(node, streams);
      case 'case':
        return this.choice(node, streams);
    }
  }

  private body(list: List, streams: Streams): number {
    this.status = 0;
    return this.list(list, streams);
  }

  private loop<T>(items: Iterable<T>, begin: (item: T) => void, body: List, streams: Streams): number {
    let status = 0;
    for (const item of items) {
      begin(item);
      try {
        status = this.body(body, streams);
      } catch (error) {
        if (!(error instanceof Leave) || error.how === 'exit') throw error;
        if (error.how === 'break') break;
      }
    }
    return status;
  }

  /** A loop whose end depends on something unknown goes round once or not at all. */
  private repeat({until, test, body}: Extract<Node, {kind: 'while'}>, streams: Streams): number {
    const inner: Streams = {...streams, lines: {left: linesOf(streams.stdin)}};
    const goes = function* (shell: Shell): Generator<number> {
      for (let i = 0; i < ROUNDS; i += 1) {
        if ((shell.list(test, inner) === 0) === until) return;
        yield i;
      }
      throw new NotRead('a loop does not end');
    };
    return this.loop(goes(this), () => undefined, body, inner);
  }

  private choice({word, arms}: Extract<Node, {kind: 'case'}>, streams: Streams): number {
    const scope = this.scope(streams);
    const text = textOf(word, scope);
    for (const {patterns, body} of arms) {
      const hit = patterns.some((pattern) => {
        const glob = patternOf(pattern, scope);
        if (glob === '*') return true;
        return isKnown(text)
          ? globMatches(glob, text)
          : this.host.oracle.choose(dependency(text), `${text} like ${glob}`, [true, false]);
      });
      if (hit) return this.body(body, streams);
    }
    return 0;
  }

  private pipe(parts: readonly Command[], streams: Streams): number {
    let stdin = streams.stdin;
    let status = 0;
    for (const [i, part] of parts.entries()) {
      const printed: string[] = [];
      const last = i === parts.length - 1;
      const print = last ? streams.print : (text: string): boolean => printed.push(text) > 0;
      status = this.child().script([{after: ';', background: false, command: part}], {...streams, stdin, print});
      stdin = printed.join('');
    }
    return status;
  }

  private child(): Shell {
    return new Shell(this.host, new Map(this.variables), this.cwd);
  }

  private scope(streams: Streams): Scope {
    return {
      variables: this.variables,
      cwd: this.cwd,
      name: this.host.name,
      glob: this.host.glob,
      output: (script) => {
        const printed: string[] = [];
        this.status = this.child().script(script, {...streams, print: (text) => printed.push(text) > 0});
        return printed.join('');
      },
    };
  }

  private simple({assignments, words}: Extract<Node, {kind: 'simple'}>, streams: Streams): number {
    const scope = this.scope(streams);
    this.status = 0;
    const argv = wordsOf(words, scope);
    const set = assignments.map(({name, value}) => [name, textOf(value, scope)] as const);
    if (argv.length === 0) {
      for (const [name, value] of set) this.variables.set(name, value);
      return this.status;
    }
    return this.start(argv, new Map([...this.variables, ...set]), streams);
  }

  private start(argv: readonly string[], env: Map<string, string>, streams: Streams): number {
    const [name = '', ...args] = argv;
    if (!isKnown(name)) throw new NotRead('it is not known which program is started');
    const built = this.builtin(name, args, streams);
    if (built !== undefined) return built;
    if (name === '[[' && (args.at(-1) !== ']]' || args.some((arg) => /[*?]|=~/.test(arg))))
      throw new NotRead('"[[" has a pattern');
    if (name === '[[') return runProgram('test', this.call(['test', ...args.slice(0, -1)], env, streams), runScript);
    const base = name.replace(/^.*\//, '');
    if (name.includes('/') && !/^\/(usr\/)?s?bin\/[^/]+$/.test(name)) return this.stranger(argv, streams);
    return runProgram(base, this.call(argv, env, streams), runScript);
  }

  /** A program somewhere else: a script of somebody, which may do anything. */
  private stranger(argv: readonly string[], {print}: Streams): number {
    this.host.mayWrite(`what "${shown(argv.join(' '))}" does in ${this.host.name}`);
    print(unknown(`what "${shown(argv.join(' '))}" prints in ${this.host.name}`));
    return this.host.oracle.choose(`whether "${shown(argv.join(' '))}" succeeds in ${this.host.name}`, argv.join(' '), [
      0,
      1,
      NOT_FOUND,
    ]);
  }

  private call(argv: readonly string[], env: ReadonlyMap<string, string>, {stdin, print}: Streams): Call {
    return {argv, stdin, print, cwd: this.cwd, env, host: this.host};
  }

  private builtin(name: string, args: readonly string[], streams: Streams): number | undefined {
    switch (name) {
      case 'cd': {
        const path = resolved(this.cwd, args.at(-1) ?? '/');
        if (!isKnown(path)) throw new NotRead('it is not known where "cd" goes');
        if (!this.host.exists(path)) return 1;
        this.cwd = path;
        return 0;
      }
      case 'exit':
      case 'return':
        throw new Leave('exit', args[0] === undefined ? this.status : Number(args[0]) & 255);
      case 'break':
      case 'continue':
        throw new Leave(name, 0);
      case 'export':
      case 'local':
      case 'readonly':
      case 'declare': {
        for (const [, key = '', value = ''] of args.map((arg) => /^(\w+)=([^]*)$/.exec(arg) ?? []))
          if (key !== '') this.variables.set(key, value);
        return 0;
      }
      case 'set':
      case 'trap':
      case 'umask':
      case 'wait':
      case 'unset':
      case 'shopt':
      case 'ulimit':
        return 0;
      case 'read':
        return readLine(args, streams, this.variables, this.host);
      case 'eval':
        return this.list(parseScript(args.join(' ')), streams);
      case '.':
      case 'source':
        throw new NotRead('another script is read in');
      case 'shift':
        throw new NotRead('"shift" is used');
      default:
        return undefined;
    }
  }
}

/** Loops that go round more often are not followed. */
const ROUNDS = 50;
