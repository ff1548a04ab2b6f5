import {unescapeC} from './escape.ts';

export type Operator = '==' | '!=' | '+=' | '-=' | '=' | ':=';

/** One `KEY{attribute}OP"value"` as it stands in the rule. Offsets are into the rule's text. */
export interface RawToken {
  readonly key: string;
  /** What stands in braces; absent without braces. */
  readonly attr: string | undefined;
  readonly op: Operator;
  /** Unquoted and, in `e""`, unescaped. */
  readonly value: string;
  /** Of `i""`: without regard to case. */
  readonly ignoreCase: boolean;
  readonly at: number;
  readonly opAt: number;
  readonly valueAt: number;
  /** Behind the closing quote. */
  readonly end: number;
}

export type TokenFault = 'key' | 'brace' | 'operator' | 'unquoted' | 'prefix' | 'quote' | 'escape';

const SPACE = ' \t\n\r';
const isSpace = (c: string | undefined): boolean => c !== undefined && SPACE.includes(c);

/** The next token of a rule from an offset on, nothing at its end, or what is wrong and where. */
export function nextToken(
  text: string,
  from: number,
): RawToken | {readonly fault: TokenFault; readonly at: number} | undefined {
  let at = from;
  while (isSpace(text[at]) || text[at] === ',') at += 1;
  if (at >= text.length) return undefined;
  const keyEnd = endOfKey(text, at);
  if (keyEnd < 0) return {fault: 'key', at};
  let i = keyEnd;
  let attr: string | undefined;
  if (text[i] === '{') {
    const close = text.indexOf('}', i);
    if (close < 0) return {fault: 'brace', at: i};
    attr = text.slice(i + 1, close);
    i = close + 1;
  }
  const opAt = (i = skipSpace(text, i));
  const op = operatorAt(text, i);
  if (op === undefined) return {fault: 'operator', at: i};
  const valueAt = (i = skipSpace(text, i + op.length));
  const quote = quoteAt(text, i);
  if (typeof quote !== 'number') return quote;
  const escaped = text.slice(valueAt, quote).includes('e');
  const closing = closingQuote(text, quote, escaped);
  if (closing < 0) return {fault: 'quote', at: quote};
  const inside = text.slice(quote + 1, closing);
  const value = !inside.includes('\\') ? inside : escaped ? unescapeC(inside) : inside.replaceAll('\\"', '"');
  if (value === undefined) return {fault: 'escape', at: quote};
  return {
    key: text.slice(at, keyEnd),
    attr,
    op,
    value,
    ignoreCase: text.slice(valueAt, quote).includes('i'),
    at,
    opAt,
    valueAt,
    end: closing + 1,
  };
}

function endOfKey(text: string, at: number): number {
  for (let i = at; i < text.length; i += 1) {
    const c = text[i] ?? '';
    if (c === '=' || c === '{' || isSpace(c)) return i;
    if ((c === '+' || c === '-' || c === '!' || c === ':') && text[i + 1] === '=') return i;
  }
  return -1;
}

function skipSpace(text: string, from: number): number {
  let i = from;
  while (isSpace(text[i])) i += 1;
  return i;
}

function operatorAt(text: string, i: number): Operator | undefined {
  const two = text.slice(i, i + 2);
  if (two === '==' || two === '!=' || two === '+=' || two === '-=' || two === ':=') return two;
  return two.startsWith('=') ? '=' : undefined;
}

/** Where the opening quote is, behind a prefix or none. */
function quoteAt(text: string, from: number): number | {readonly fault: TokenFault; readonly at: number} {
  if (text[from] === '"') return from;
  const prefix = /^[ei]{1,2}(?=")/.exec(text.slice(from, from + 3))?.[0];
  if (prefix !== undefined && prefix !== 'ee' && prefix !== 'ii') return from + prefix.length;
  return {fault: /^\w{1,2}"/.test(text.slice(from, from + 3)) ? 'prefix' : 'unquoted', at: from};
}

function closingQuote(text: string, quote: number, escaped: boolean): number {
  for (let end = quote + 1; end < text.length; end += 1) {
    if (text[end] === '"') return end;
    if (text[end] === '\\' && (escaped || text[end + 1] === '"')) end += 1;
  }
  return -1;
}
