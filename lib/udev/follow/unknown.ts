import {matches, type Pattern} from '../rules/pattern.ts';
import type {Oracle} from './explore.ts';

/** Text that nothing given tells stands in other text between two characters that no file has: they are no bytes. */
const OPEN = '\uE000';
const CLOSE = '\uE001';

/** A text that is not known, by what it depends on. */
export const unknown = (what: string): string => `${OPEN}${what}${CLOSE}`;

export const isKnown = (text: string): boolean => !text.includes(OPEN);

/** What a text depends on: the first unknown in it. */
export const dependency = (text: string): string => /\uE000([^\uE001]*)\uE001/.exec(text)?.[1] ?? '';

const ANY = /\uE000[^\uE001]*\uE001/g;

/** For people: an unknown is `…`. */
export const shown = (text: string): string => text.replaceAll(ANY, '…');

/** Whether a text, in part not known, can be another one. */
export function canBe(text: string, other: string): boolean {
  const parts = text.split(ANY);
  let at = (parts[0] ?? '').length;
  if (!other.startsWith(parts[0] ?? '')) return false;
  for (const part of parts.slice(1, -1)) {
    const next = other.indexOf(part, at);
    if (next < 0) return false;
    at = next + part.length;
  }
  const last = parts.length > 1 ? (parts.at(-1) ?? '') : '';
  return other.length - last.length >= at && other.endsWith(last);
}

/** Whether a text matches a pattern; what is not known is asked. */
export function textMatches(pattern: Pattern, text: string, {choose}: Oracle): boolean {
  if (isKnown(text)) return matches(pattern, text);
  const fold = (one: string): string => (pattern.ignoreCase ? one.toLowerCase() : one);
  if (pattern.kind === 'plain' && !pattern.orEmpty && !pattern.alternatives.some((one) => canBe(fold(text), fold(one))))
    return false;
  return choose(dependency(text), `${text} like ${pattern.kind} ${pattern.alternatives.join('|')}`, [true, false]);
}

/** One of the words that a text can be, or something else (undefined). */
export function oneOfWords(text: string, words: readonly string[], {choose}: Oracle): string | undefined {
  if (isKnown(text)) return words.includes(text) ? text : undefined;
  const possible = words.filter((word) => canBe(text, word));
  return possible.length === 0 ? undefined : choose(dependency(text), `${text} is`, [...possible, undefined]);
}

/** Whether two texts are the same. */
export function same(a: string, b: string, {choose}: Oracle): boolean {
  if (isKnown(a) && isKnown(b)) return a === b;
  if (a === b) return true;
  if (isKnown(b) && !canBe(a, b)) return false;
  if (isKnown(a) && !canBe(b, a)) return false;
  return choose(dependency(isKnown(a) ? b : a), `${a} is ${b}`, [true, false]);
}
