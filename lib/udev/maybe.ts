import {matches, type Pattern} from './pattern.ts';

/** What can be said of something that depends on the guest. */
export type Truth = 'yes' | 'no' | 'maybe';

/** What a string may be: one of `values`, or, where `open`, anything else as well. */
export interface Text {
  readonly values: readonly string[];
  readonly open: boolean;
}

/** More than this is "anything". */
const MANY = 24;

export const exactly = (...values: string[]): Text => ({values, open: false});
export const anything: Text = {values: [], open: true};

export const both = (a: Truth, b: Truth): Truth => (a === 'no' || b === 'no' ? 'no' : a === 'yes' && b === 'yes' ? 'yes' : 'maybe');
export const either = (a: Truth, b: Truth): Truth => (a === 'yes' || b === 'yes' ? 'yes' : a === 'no' && b === 'no' ? 'no' : 'maybe');
export const not = (a: Truth): Truth => (a === 'yes' ? 'no' : a === 'no' ? 'yes' : 'maybe');

export function oneOf(...texts: readonly Text[]): Text {
  const values = [...new Set(texts.flatMap((text) => text.values))];
  return values.length > MANY ? anything : {values, open: texts.some(({open}) => open)};
}

/** One text behind the other. */
export function joined(a: Text, b: Text): Text {
  if (a.open || b.open || a.values.length * b.values.length > MANY) return anything;
  return exactly(...a.values.flatMap((x) => b.values.map((y) => x + y)));
}

/** Whether a text matches a pattern. */
export function textMatches(pattern: Pattern, text: Text): Truth {
  const seen = new Set(text.values.map((value) => matches(pattern, value)));
  if (text.open) seen.add(true).add(false);
  return seen.size === 2 ? 'maybe' : seen.has(true) ? 'yes' : 'no';
}
