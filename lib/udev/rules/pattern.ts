import {globMatches} from './glob.ts';

/** What a match key is compared with. */
export interface Pattern {
  readonly kind: 'empty' | 'plain' | 'glob' | 'subsystem';
  /** What `|` separates, without the empty ones. */
  readonly alternatives: readonly string[];
  /** One of the alternatives is the empty string. */
  readonly orEmpty: boolean;
  readonly ignoreCase: boolean;
}

/** A pattern, and whether its operator is meant the other way round: `"?*"` is "not empty". */
export interface Compiled {
  readonly pattern: Pattern;
  readonly inverted: boolean;
}

/** Rules compare with the same few values over and over. */
const cache = new Map<string, Compiled>();
const CACHED = 1000;

/** Compiles the value of a match key. `split`: `|` separates alternatives. */
export function patternOf(value: string, ignoreCase: boolean, split: boolean, subsystem: boolean): Compiled {
  if (ignoreCase || !split || subsystem || value.length > 20) return compile(value, ignoreCase, split, subsystem);
  const known = cache.get(value);
  if (known) return known;
  const compiled = compile(value, ignoreCase, split, subsystem);
  if (cache.size >= CACHED) cache.clear();
  cache.set(value, compiled);
  return compiled;
}

function compile(value: string, ignoreCase: boolean, split: boolean, subsystem: boolean): Compiled {
  const parts = split && value.includes('|') ? value.split('|') : [value];
  const alternatives = parts.filter((part) => part !== '');
  const rest = {ignoreCase, alternatives, orEmpty: alternatives.length < parts.length};
  if (subsystem && ['subsystem', 'bus', 'class'].includes(value))
    return {pattern: {kind: 'subsystem', ...rest}, inverted: false};
  if (value === '' || value === '?*') return {pattern: {kind: 'empty', ...rest}, inverted: value !== ''};
  return {pattern: {kind: /[*?[]/.test(value) ? 'glob' : 'plain', ...rest}, inverted: false};
}

/** Whether a string matches, as udevd compares them. */
export function matches({kind, alternatives, orEmpty, ignoreCase}: Pattern, text: string): boolean {
  const fold = (s: string): string => (ignoreCase ? s.toLowerCase() : s);
  const folded = fold(text);
  if (kind === 'empty') return text === '';
  if (kind === 'subsystem') return ['subsystem', 'class', 'bus'].includes(folded);
  if (orEmpty && text === '') return true;
  return alternatives.some((one) => (kind === 'glob' ? globMatches(fold(one), folded) : fold(one) === folded));
}
