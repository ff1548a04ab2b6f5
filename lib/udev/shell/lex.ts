import {NotRead, type List, type Part, type Word} from './ast.ts';

export type Lexeme =
  | {readonly kind: 'word'; readonly word: Word; readonly plain: string | undefined; readonly at: number}
  | {readonly kind: 'operator'; readonly text: string; readonly fd: number | undefined; readonly at: number}
  | {readonly kind: 'end'; readonly at: number};

const OPERATORS = [
  '&&',
  '||',
  ';;',
  '<<<',
  '<<',
  '>>',
  '>&',
  '<&',
  '&>',
  '>|',
  ';',
  '&',
  '|',
  '<',
  '>',
  '(',
  ')',
  '\n',
];
const NAME = /^[A-Za-z_]\w*/;
const SPECIAL = /^[0-9@*#?$!-]/;

/** Reads the script of `sh -c` into words and operators. `nested` parses what stands in `$( )`. */
export class Lexer {
  private at = 0;
  private readonly text: string;
  private readonly nested: (text: string) => List;

  constructor(text: string, nested: (text: string) => List) {
    this.text = text;
    this.nested = nested;
  }

  next(): Lexeme {
    for (;;) {
      if (this.text.startsWith('\\\n', this.at)) this.at += 2;
      else if (/[^\S\n]/.test(this.text[this.at] ?? '')) this.at += 1;
      else if (this.text[this.at] === '#')
        while (this.at < this.text.length && this.text[this.at] !== '\n') this.at += 1;
      else break;
    }
    const at = this.at;
    if (at >= this.text.length) return {kind: 'end', at};
    const fd = /^\d(?=[<>])/.exec(this.text.slice(at))?.[0];
    const from = at + (fd?.length ?? 0);
    const operator = OPERATORS.find((one) => this.text.startsWith(one, from));
    if (operator !== undefined) {
      this.at = from + operator.length;
      return {kind: 'operator', text: operator, fd: fd === undefined ? undefined : Number(fd), at};
    }
    const word = this.word((c) => /[\s;&|<>()]/.test(c));
    const [only] = word;
    const plain = word.length === 1 && only?.kind === 'text' && !only.quoted ? only.text : undefined;
    return {kind: 'word', word, plain, at};
  }

  /** A word up to a character that ends it. */
  private word(ends: (c: string) => boolean): Word {
    const parts: Part[] = [];
    const add = (text: string, quoted: boolean): void => {
      const last = parts.at(-1);
      if (last?.kind === 'text' && last.quoted === quoted) parts[parts.length - 1] = {...last, text: last.text + text};
      else parts.push({kind: 'text', text, quoted});
    };
    while (this.at < this.text.length) {
      const c = this.text[this.at] ?? '';
      if (ends(c)) break;
      if (c === "'") {
        const close = this.closing("'");
        add(this.text.slice(this.at + 1, close), true);
        this.at = close + 1;
      } else if (c === '"') {
        this.at += 1;
        add('', true);
        while (this.at < this.text.length && this.text[this.at] !== '"') this.quoted(parts, add);
        this.at += 1;
      } else if (c === '\\') {
        add(this.text[this.at + 1] ?? '', true);
        this.at += 2;
      } else if (c === '$' || c === '`') parts.push(...this.substitution(false));
      else {
        add(c, false);
        this.at += 1;
      }
    }
    return parts;
  }

  private quoted(parts: Part[], add: (text: string, quoted: boolean) => void): void {
    const c = this.text[this.at] ?? '';
    if (c === '\\' && /[$`"\\\n]/.test(this.text[this.at + 1] ?? '')) {
      add(this.text[this.at + 1] ?? '', true);
      this.at += 2;
    } else if (c === '$' || c === '`') parts.push(...this.substitution(true));
    else {
      add(c, true);
      this.at += 1;
    }
  }

  private substitution(quoted: boolean): Part[] {
    const rest = this.text.slice(this.at + 1);
    if (this.text[this.at] === '`') {
      const close = this.closing('`');
      const script = this.text.slice(this.at + 1, close).replaceAll(/\\([$`\\])/g, '$1');
      this.at = close + 1;
      return [{kind: 'command', script: this.nested(script), quoted}];
    }
    if (rest.startsWith('((')) return [{kind: 'strange', text: this.between('(', ')'), quoted}];
    if (rest.startsWith('(')) return [{kind: 'command', script: this.nested(this.between('(', ')')), quoted}];
    if (rest.startsWith('{'))
      return [braced(this.between('{', '}'), quoted, (text) => new Lexer(text, this.nested).word(() => false))];
    const name = NAME.exec(rest)?.[0] ?? SPECIAL.exec(rest)?.[0];
    this.at += 1 + (name?.length ?? 0);
    return [
      name === undefined
        ? {kind: 'text', text: '$', quoted}
        : {kind: 'variable', name, operator: '', argument: [], quoted},
    ];
  }

  private closing(quote: string): number {
    for (let i = this.at + 1; i < this.text.length; i += 1) {
      if (this.text[i] === '\\' && quote === '`') i += 1;
      else if (this.text[i] === quote) return i;
    }
    throw new NotRead(`a ${quote} is never closed`);
  }

  /** What stands in brackets behind the `$`; quotes in it may have brackets too. */
  private between(open: string, close: string): string {
    let depth = 0;
    let quote = '';
    for (let i = this.at + 1; i < this.text.length; i += 1) {
      const c = this.text[i] ?? '';
      if (c === '\\' && quote !== "'") i += 1;
      else if (quote !== '') quote = c === quote ? '' : quote;
      else if (c === "'" || c === '"') quote = c;
      else if (c === open) depth += 1;
      else if (c === close) {
        depth -= 1;
        if (depth > 0) continue;
        const inside = this.text.slice(this.at + 2, i);
        this.at = i + 1;
        return inside;
      }
    }
    throw new NotRead(`a ${open} is never closed`);
  }
}

/** What stands in `${ }`: a name, and perhaps what to do with its value. */
function braced(inside: string, quoted: boolean, wordOf: (text: string) => Word): Part {
  const [, name, operator = '', argument = ''] = /^(\w+|[@*#?$!-])(:?[-+=?]|##?|%%?)?([^]*)$/.exec(inside) ?? [];
  if (name === undefined || (operator === '' && argument !== '')) return {kind: 'strange', text: inside, quoted};
  return {kind: 'variable', name, operator, argument: wordOf(argument), quoted};
}
