import {decisive} from '../follow/explore.ts';
import {follow, type Ways} from '../follow/follow.ts';
import {kstrtobool} from '../follow/kstrtobool.ts';
import type {Attempt, Found} from '../follow/kernel.ts';
import type {Budget, By, Followed} from '../follow/types.ts';
import {dependency, isKnown} from '../follow/unknown.ts';
import type {Place} from '../lint/finding.ts';
import type {Guest} from '../guest.ts';
import type {Text, Truth} from '../maybe.ts';
import type {RulesFile} from '../rules/rule.ts';
import {writesState} from './writes.ts';

/** Why udevd looks at its rules: the block was plugged, somebody sets it online or offline, or triggers events. */
export const actions = ['add', 'change', 'online', 'offline'] as const;
export type Action = (typeof actions)[number];

/** Words that can be written to the state of a block. */
export const stateWords: readonly string[] = ['online', 'online_kernel', 'online_movable', 'offline'];

/** What can be read from the state of a block. */
export const stateReadings: readonly string[] = ['online', 'offline', 'going-offline'];

/** A block that no guest has at boot. */
export const BLOCK = 32;

/** A write to the state of a block that rules may do. */
export interface Write {
  /** What is written, by its effect: the switch `online` takes "1" for online. Several where it depends. */
  readonly value: Text;
  /** What was written as it stands. */
  readonly words: readonly string[];
  readonly file: 'state' | 'online';
  /** Whether udevd gets there. */
  readonly certain: Truth;
  /** Whether the block's state changes by it. */
  readonly acts: boolean;
  readonly how: By['how'];
  readonly place: Place;
  /** What the word depends on, where it is not known. */
  readonly from?: string | undefined;
  /** Something that is not known, and may write: by name. */
  readonly guess?: string | undefined;
}

/** What rules do to one memory block in one event. */
export interface Effect {
  readonly guest: Guest;
  readonly action: Action;
  readonly writes: readonly Write[];
  /** The word that takes effect, or `unchanged`: the rules leave the block to others. Several: it depends. */
  readonly outcome: readonly string[];
  /** On what, by name. */
  readonly dependsOn: readonly string[];
  /** What rules make of auto_online_blocks and online_policy, by the file's name. */
  readonly policies: readonly {readonly file: string; readonly word: string; readonly place: Place}[];
}

/** An event to look at. */
export interface Asked {
  readonly guest: Guest;
  readonly action: Action;
  readonly block?: number;
  /** The state that the block has; absent: what it is in such an event. */
  readonly state?: 'online' | 'offline';
}

/** Files that have any rule which writes to a block's state; others matter only as what they do to properties. */
export const writesSomewhere = (files: readonly RulesFile[]): boolean =>
  files.some(({rules}) => rules.some(({tokens}) => tokens.some(writesState)));

/** What rules do to a block of a guest. `complete`: these are all rules that the guest has. */
export const effectOf = (
  files: readonly RulesFile[],
  guest: Guest,
  action: Action,
  complete: boolean,
  block: number = BLOCK,
): Effect => effectIn(files, {guest, action, block}, complete);

/** What rules do in one event. */
export function effectIn(files: readonly RulesFile[], asked: Asked, complete: boolean, budget?: Budget): Effect {
  const {guest, action, block = BLOCK} = asked;
  const name = `memory${block}`;
  const devpath = `/devices/system/memory/${name}`;
  const event = {guest, action, subsystem: 'memory', name, devpath, found: foundIn(asked, block)};
  const ways = follow(files, event, complete, budget);
  const words = [...new Set(ways.ways.map(({value}) => wordOf(value)))].sort();
  const dependsOn = decisive(ways.ways, wordOf);
  return {
    guest,
    action,
    writes: writesOf(ways, guest, block),
    outcome: ways.all ? words : [...stateWords, 'unchanged'].sort(),
    dependsOn: ways.all ? dependsOn : [...dependsOn, 'more than can be followed'],
    policies: policiesOf(ways),
  };
}

/**
 * The block as udevd finds it. When one is added it is offline; with another policy than offline the kernel onlines it
 * at the same time. A change comes from `udevadm trigger`: a block that somebody left offline.
 */
function foundIn({guest, action, state}: Asked, block: number): Found {
  if (state !== undefined) return {block, state};
  if (action === 'online') return {block, state: 'online'};
  return {block, state: 'offline', racing: action === 'add' && guest.policy !== 'offline'};
}

const ZONES: Readonly<Record<string, string>> = {default: 'online', kernel: 'online_kernel', Movable: 'online_movable'};

/** The word that has taken effect. */
function wordOf({by, state, zone}: Followed): string {
  if (by === undefined || by === 'kernel') return 'unchanged';
  return state === 'offline' ? 'offline' : (ZONES[zone ?? ''] ?? 'online');
}

/** The writes of all ways, one for each place and file. */
export function writesOf({ways, all}: Ways, guest: Guest, block: number): Write[] {
  const places = new Map<string, {attempts: Attempt<By>[]; on: Set<number>}>();
  for (const [i, {value}] of ways.entries()) {
    for (const attempt of value.attempts) {
      const {by, file} = attempt;
      if (attempt.block !== block || (file !== 'state' && file !== 'online')) continue;
      const key = `${by.place.file}:${by.place.line}:${by.place.col} ${file} ${by.guess ?? ''}`;
      const known = places.get(key) ?? {attempts: [], on: new Set()};
      known.attempts.push(attempt);
      known.on.add(i);
      places.set(key, known);
    }
  }
  return [...places.values()].flatMap(({attempts, on}): Write[] => {
    const [first] = attempts;
    if (!first) return [];
    const {by} = first;
    const file = first.file === 'online' ? 'online' : 'state';
    const words = by.guess === undefined ? [...new Set(attempts.map(({word}) => word))] : [];
    const known = words.filter(isKnown);
    const values = [
      ...new Set(known.map((word) => (file === 'online' ? switched(word, guest) : word.replace(/\n$/, '')))),
    ];
    return [
      {
        value: {values, open: by.guess !== undefined || known.length < words.length},
        words: known,
        file,
        how: by.how,
        place: by.place,
        guess: by.guess,
        from: dependency(words.find((word) => !isKnown(word)) ?? '') || undefined,
        certain: all && on.size === ways.length && by.guess === undefined ? 'yes' : 'maybe',
        acts: attempts.some(({changed}) => changed),
      },
    ];
  });
}

/** What a word does in the file `online`; itself where it is refused. */
function switched(word: string, {kernel}: Guest): string {
  const on = kstrtobool(word, kernel);
  return on === undefined ? word : on ? 'online' : 'offline';
}

function policiesOf({ways}: Ways): Effect['policies'] {
  const found = new Map<string, Effect['policies'][number]>();
  for (const {value} of ways) {
    for (const {by, file, word, changed} of value.attempts) {
      if (changed && (file === 'auto_online_blocks' || file === 'online_policy'))
        found.set(`${file} ${word} ${by.place.line}`, {file, word, place: by.place});
    }
  }
  return [...found.values()];
}
