import {NotRead, type Command, type List, type Node, type Redirection, type Word} from './ast.ts';
import {Lexer, type Lexeme} from './lex.ts';

/** Scripts nested deeper than this, or longer, are none that rules have. */
const DEEPEST = 12;
const LONGEST = 8000;

/** Reads a script of `sh -c`. Throws NotRead where it is written in a way that is not read here. */
export function parseScript(text: string, depth = 0): List {
  if (depth > DEEPEST || text.length > LONGEST) throw new NotRead('the script is too long');
  const parser = new Parser(text, depth);
  const list = parser.list([]);
  parser.end();
  return list;
}

class Parser {
  private readonly lexer: Lexer;
  private token: Lexeme;
  private depth: number;

  constructor(text: string, depth: number) {
    this.depth = depth;
    this.lexer = new Lexer(text, (nested) => parseScript(nested, depth + 1));
    this.token = this.lexer.next();
  }

  end(): void {
    if (this.token.kind !== 'end') throw this.strange();
  }

  /** Commands up to one of these words, or to `)` or `;;`. */
  list(stops: readonly string[]): List {
    const list: {after: ';' | '&&' | '||'; background: boolean; command: Command}[] = [];
    let after: ';' | '&&' | '||' = ';';
    for (;;) {
      while (this.isOperator('\n') || (this.isOperator(';') && list.length > 0)) this.take();
      if (
        this.token.kind === 'end' ||
        this.isOperator(')') ||
        this.isOperator(';;') ||
        (this.token.kind === 'word' && stops.includes(this.token.plain ?? ''))
      )
        return list;
      const command = this.pipeline();
      const background = this.isOperator('&');
      list.push({after, background, command});
      after = this.isOperator('&&') ? '&&' : this.isOperator('||') ? '||' : ';';
      if (after !== ';' || background || this.isOperator(';') || this.isOperator('\n')) this.take();
      else if (!this.isOperator(')') && !this.isOperator(';;')) return list; // whoever called says whether it may end
    }
  }

  private pipeline(): Command {
    if (this.isWord('!')) {
      this.take();
      return {node: {kind: 'not', body: this.pipeline()}, redirections: []};
    }
    const parts = [this.command()];
    while (this.isOperator('|')) {
      this.take();
      parts.push(this.command());
    }
    return parts.length === 1 && parts[0] ? parts[0] : {node: {kind: 'pipe', parts}, redirections: []};
  }

  private command(): Command {
    this.depth += 1;
    if (this.depth > DEEPEST * 2) throw new NotRead('it is nested too deep');
    const redirections: Redirection[] = [];
    const node = this.compound() ?? this.simple(redirections);
    while (this.redirection(redirections)) {
      /* behind a compound command */
    }
    this.depth -= 1;
    return {node, redirections};
  }

  private compound(): Node | undefined {
    if (this.isOperator('(')) {
      this.take();
      const body = this.list([]);
      this.expect(')');
      return {kind: 'group', body, subshell: true};
    }
    switch (this.token.kind === 'word' ? this.token.plain : undefined) {
      case '{': {
        this.take();
        const body = this.list(['}']);
        this.expect('}');
        return {kind: 'group', body, subshell: false};
      }
      case 'if':
        return this.conditional();
      case 'while':
      case 'until': {
        const until = this.isWord('until');
        this.take();
        const test = this.list(['do']);
        return {kind: 'while', until, test, body: this.doGroup()};
      }
      case 'for':
        return this.loop();
      case 'case':
        return this.choice();
      case 'function':
      case 'select':
        throw this.strange();
      default:
        return undefined;
    }
  }

  private conditional(): Node {
    const branches: {test: List; body: List}[] = [];
    let otherwise: List | undefined;
    do {
      this.take();
      const test = this.list(['then']);
      this.expect('then');
      branches.push({test, body: this.list(['elif', 'else', 'fi'])});
    } while (this.isWord('elif'));
    if (this.isWord('else')) {
      this.take();
      otherwise = this.list(['fi']);
    }
    this.expect('fi');
    return {kind: 'if', branches, otherwise};
  }

  private loop(): Node {
    this.take();
    const name = this.token.kind === 'word' ? this.token.plain : undefined;
    if (name === undefined) throw this.strange();
    this.take();
    let words: Word[] | undefined;
    if (this.isWord('in')) {
      this.take();
      words = [];
      while (this.token.kind === 'word') words.push(this.wordTaken());
    }
    while (this.isOperator(';') || this.isOperator('\n')) this.take();
    return {kind: 'for', name, words, body: this.doGroup()};
  }

  private doGroup(): List {
    this.expect('do');
    const body = this.list(['done']);
    this.expect('done');
    return body;
  }

  private choice(): Node {
    this.take();
    const word = this.wordTaken();
    while (this.isOperator('\n')) this.take();
    this.expect('in');
    const arms: {patterns: Word[]; body: List}[] = [];
    for (;;) {
      while (this.isOperator('\n')) this.take();
      if (this.isWord('esac')) break;
      if (this.isOperator('(')) this.take();
      const patterns = [this.wordTaken()];
      while (this.isOperator('|')) {
        this.take();
        patterns.push(this.wordTaken());
      }
      this.expect(')');
      arms.push({patterns, body: this.list(['esac'])});
      if (this.isOperator(';;')) this.take();
    }
    this.expect('esac');
    return {kind: 'case', word, arms};
  }

  private simple(redirections: Redirection[]): Node {
    const assignments: {name: string; value: Word}[] = [];
    const words: Word[] = [];
    for (;;) {
      if (this.redirection(redirections)) continue;
      if (this.token.kind !== 'word') break;
      const word = this.wordTaken();
      const [first, ...rest] = word;
      const named =
        words.length === 0 && first?.kind === 'text' && !first.quoted
          ? /^([A-Za-z_]\w*)=([^]*)$/.exec(first.text)
          : null;
      if (named)
        assignments.push({name: named[1] ?? '', value: [{kind: 'text', text: named[2] ?? '', quoted: false}, ...rest]});
      else words.push(word);
    }
    if (words.length === 0 && assignments.length === 0 && redirections.length === 0) throw this.strange();
    if (this.isOperator('(')) throw this.strange(); // a function
    return {kind: 'simple', assignments, words};
  }

  private redirection(found: Redirection[]): boolean {
    const {token} = this;
    if (token.kind !== 'operator' || !/^(<|>|>>|>\||>&|<&|&>|<<<|<<)$/.test(token.text)) return false;
    if (token.text === '<<') throw this.strange();
    this.take();
    if (this.token.kind !== 'word') throw this.strange();
    const reads = token.text.startsWith('<');
    const operator = token.text === '>|' ? '>' : token.text === '<&' ? '>&' : (token.text as Redirection['operator']);
    found.push({fd: token.fd ?? (reads ? 0 : 1), operator, target: this.wordTaken()});
    return true;
  }

  private wordTaken(): Word {
    if (this.token.kind !== 'word') throw this.strange();
    const {word} = this.token;
    this.take();
    return word;
  }

  private expect(text: string): void {
    if (!this.isWord(text) && !this.isOperator(text)) throw this.strange();
    this.take();
  }

  private take(): void {
    this.token = this.lexer.next();
  }

  private isWord(text: string): boolean {
    return this.token.kind === 'word' && this.token.plain === text;
  }

  private isOperator(text: string): boolean {
    return this.token.kind === 'operator' && this.token.text === text;
  }

  private strange(): NotRead {
    return new NotRead(`it is not read from character ${this.token.at + 1} on`);
  }
}
