import {create, type ArrayDelta, type Delta, type ObjectDelta} from 'jsondiffpatch';
import type {Check, Json} from './record.ts';

/** One place where what was seen is not what was expected. A side that has nothing there is undefined. */
export interface Difference {
  /** Way to the place, as a reader names it: `memory33 zones`. Empty where the values are no lists and no objects. */
  readonly path: string;
  readonly expected: Json | undefined;
  readonly seen: Json | undefined;
}

/**
 * All places where two values differ. Lists of things with names are compared by name, other lists as diff(1) compares
 * lines.
 */
export function differencesOf(expected: Json, seen: Json): Difference[] {
  const [left, right] = [named(expected), named(seen)];
  const found = [...walk(differ.diff(left, right), left, [])];
  // The same names in another order: then the order is the difference.
  return found.length > 0 ? found : [...walk(differ.diff(expected, seen), expected, [])];
}

const differ = create({arrays: {detectMove: false}, cloneDiffValues: false});

/**
 * Lists as objects by the names of what they list, where each has one of its own: `{block: 33, …}`, `memory33 online`.
 */
function named(value: Json): Json {
  if (Array.isArray(value)) {
    const entries = value.map((item): readonly [string, Json] | undefined => nameOf(item));
    const names = new Set(entries.map((entry) => entry?.[0]));
    if (value.length === 0 || names.has(undefined) || names.size < value.length)
      return value.map((item) => named(item));
    return Object.fromEntries(entries.filter((entry) => entry !== undefined));
  }
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, named(item)]));
  return value;
}

function nameOf(item: Json): [string, Json] | undefined {
  if (typeof item === 'string') {
    const [, name, rest] = /^(\S*\d\S*) (.+)$/.exec(item) ?? [];
    return name === undefined || rest === undefined ? undefined : [name, rest];
  }
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
  for (const key of ['id', 'block', 'name', 'title']) {
    const {[key]: name, ...rest} = item;
    if (typeof name === 'number') return [`${key} ${name}`, named(rest)];
    if (typeof name === 'string') return [key === 'block' && /^\d+$/.test(name) ? `memory${name}` : name, named(rest)];
  }
  return undefined;
}

/**
 * The leaves of jsondiffpatch's delta. Its form: [new], [old, new], [old, 0, 0], {_t: 'a', index or _index: …}, {key:
 * …}.
 */
function* walk(delta: Delta, left: unknown, path: readonly string[]): Generator<Difference> {
  if (delta === undefined) return;
  if (Array.isArray(delta)) {
    const [first, second] = delta as [Json, Json?, number?];
    if (delta.length === 1) yield {path: path.join(' '), expected: undefined, seen: first};
    else if (delta.length === 2) yield {path: path.join(' '), expected: first, seen: second};
    else yield {path: path.join(' '), expected: first, seen: undefined};
    return;
  }
  const isList = (delta as Partial<ArrayDelta>)._t === 'a';
  for (const [key, inner] of Object.entries(delta as ObjectDelta)) {
    if (key === '_t' && isList) continue;
    yield* walk(inner, (left as {[key: string]: unknown})[key], [...path, isList ? `[${key.replace('_', '')}]` : key]);
  }
}

/** A value that is not worth a list of differences: it is read at a glance. */
const GLANCE = 120;

/** Is a check's failure better shown by its differences than by both values whole? */
export const isLarge = ({expected, actual}: Pick<Check, 'expected' | 'actual'>): boolean =>
  Math.max(JSON.stringify(expected).length, JSON.stringify(actual).length) > GLANCE && wanted(expected) === undefined;

/** `oneOf` and `atLeast` of a check are no values to be equal to. */
function wanted(expected: Json): string | undefined {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) return undefined;
  const [key = '', ...others] = Object.keys(expected);
  if (others.length > 0 || !['oneOf', 'atLeast'].includes(key)) return undefined;
  return `${key === 'oneOf' ? 'one of' : 'at least'} ${JSON.stringify(expected[key])}`;
}

/** What a failed check has to say, a difference a line; places that differ in the same way share one. */
export function differenceLines({expected, actual}: Pick<Check, 'expected' | 'actual'>): string[] {
  if (!isLarge({expected, actual}))
    return [`seen ${JSON.stringify(actual)}, expected ${wanted(expected) ?? JSON.stringify(expected)}`];
  const all = differencesOf(expected, actual);
  const groups = new Map<string, {readonly paths: string[]; readonly how: string}>();
  for (const {path, expected: want, seen} of all) {
    const how = sides(want, seen);
    const last = path.split(' ').slice(1).join(' '); // the same field of many things
    const key = JSON.stringify([last, how]);
    const group = groups.get(key) ?? {paths: [], how};
    groups.set(key, {...group, paths: [...group.paths, path]});
  }
  const lines = [...groups.values()].map(({paths, how}) => `${together(paths)}: ${how}`);
  const counts = countOf(expected, actual, all);
  return counts === undefined ? lines : [counts, ...lines];
}

/** `3 of 40 differ`, for lists and objects: the rest is as expected. */
function countOf(expected: Json, actual: Json, all: readonly Difference[]): string | undefined {
  const sizes = [named(expected), named(actual)].map((value) =>
    typeof value === 'object' && value !== null ? Object.keys(value).length : 0,
  );
  const size = Math.max(...sizes);
  if (size < 2) return undefined;
  const places = new Set(all.map(({path}) => topOf(path))).size;
  return places < size
    ? `${places} of ${size} differ; the other ${size - places} are as expected`
    : `all ${size} differ`;
}

const topOf = (path: string): string => /^id \d+|^\S*/.exec(path)?.[0] ?? '';

function sides(expected: Json | undefined, seen: Json | undefined): string {
  if (expected === undefined) return `seen ${short(seen)}, expected nothing there`;
  if (seen === undefined) return `not there, expected ${short(expected)}`;
  if (typeof expected === 'string' && typeof seen === 'string') {
    let at = 0;
    while (at < expected.length && expected[at] === seen[at]) at += 1;
    const from = Math.max(0, at - 40);
    return `seen ${short(cut(seen, from))}, expected ${short(cut(expected, from))}`;
  }
  return `seen ${short(seen)}, expected ${short(expected)}`;
}

/** A long text from shortly before the place where it differs. */
const cut = (text: string, from: number): string =>
  text.length <= GLANCE
    ? text
    : `${from > 0 ? '…' : ''}${text.slice(from, from + GLANCE)}${text.length > from + GLANCE ? '…' : ''}`;

function short(value: Json | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length - 300} characters more)` : text;
}

/** `memory33`, `memory33 and memory35 zones`, `memory33–memory40 (8) zones`. */
function together(paths: readonly string[]): string {
  const [first = '', second] = paths;
  if (second === undefined) return first || 'as a whole';
  const field = first.split(' ').slice(1).join(' ');
  const tops = paths.map((path) => path.split(' ')[0] ?? '');
  return `${runsOf(tops).join(', ')}${field ? ` ${field}` : ''} (${paths.length})`;
}

/** Names that end in consecutive numbers, as ranges. */
function runsOf(names: readonly string[]): string[] {
  const runs: {from: string; to: string; next: string}[] = [];
  for (const name of names) {
    const [, stem = name, number] = /^(.*?)(\d+)(\]?)$/.exec(name) ?? [];
    const next = number === undefined ? '' : `${stem}${Number(number) + 1}${name.endsWith(']') ? ']' : ''}`;
    const last = runs.at(-1);
    if (last && last.next === name && next !== '') Object.assign(last, {to: name, next});
    else runs.push({from: name, to: name, next});
  }
  return runs.map(({from, to}) => (from === to ? from : `${from}–${to}`));
}

/** The same in one line, for where there is room for no more. */
export function differenceSentence(check: Pick<Check, 'expected' | 'actual'>, most = 4): string {
  const lines = differenceLines(check);
  return lines.length <= most
    ? lines.join('; ')
    : `${lines.slice(0, most).join('; ')}; and ${lines.length - most} more differences`;
}
