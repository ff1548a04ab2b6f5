import {actions, type Action, type Device} from './device.ts';
import {writesOf} from './evaluate.ts';
import type {Place} from './finding.ts';
import {policies, type Guest} from './guest.ts';
import type {Text, Truth} from './maybe.ts';
import {placeOf, type Rule, type RulesFile, type Token} from './rule.ts';
import {writesState, type Write} from './writes.ts';

/** A place in the rules that writes to a block's state, with every event of every guest in which it does. */
export interface Site {
  readonly file: RulesFile;
  readonly rule: Rule;
  readonly token: Token;
  readonly place: Place;
  readonly hits: readonly Hit[];
}

export interface Hit {
  readonly guest: Guest;
  readonly action: Action;
  readonly value: Text;
  readonly certain: Truth;
  readonly how: Write['how'];
}

/** The guests of a question, in each of the policies it asks for. */
export const inAllPolicies = (guests: readonly Omit<Guest, 'policy'>[], policy?: Guest['policy']): Guest[] =>
  guests.flatMap((guest) => (policy ? [policy] : policies).map((one) => ({...guest, policy: one})));

/** All places that write to a block's state, and when they do. */
export function sitesOf(files: readonly RulesFile[], guests: readonly Guest[], complete: boolean): Site[] {
  const sites = new Map<string, Omit<Site, 'hits'> & {hits: Hit[]}>();
  for (const file of files) {
    for (const rule of file.rules) {
      for (const token of rule.tokens) {
        if (!writesState(token)) continue;
        const place = placeOf(file, rule, token.at);
        sites.set(idOf(place), {file, rule, token, place, hits: []});
      }
    }
  }
  if (sites.size === 0) return [];
  for (const guest of guests) {
    for (const action of actions) {
      const writes = writesOf(files, {guest, action, block: 32, subsystem: 'memory'}, complete);
      for (const {place, value, certain, how} of writes) sites.get(idOf(place))?.hits.push({guest, action, value, certain, how});
    }
  }
  return [...sites.values()];
}

export const idOf = ({file, line, col}: Place): string => `${file}:${line}:${col}`;

/** How sites fare in events that are not as usual. By place; a site that is missing does not write. */
export interface Unusual {
  /** The block is online already. */
  readonly online: ReadonlyMap<string, Truth>;
  /** The device is no memory block: by event. */
  readonly others: readonly {readonly action: Action; readonly sites: ReadonlyMap<string, Truth>}[];
  /** Blocks of other numbers. */
  readonly blocks: readonly ReadonlyMap<string, Truth>[];
}

/** Even and odd, short and long. */
const BLOCKS = [32, 33, 256, 257] as const;

export function unusualOf(files: readonly RulesFile[], guest: Guest, complete: boolean): Unusual {
  const block: Device = {guest, action: 'add', block: BLOCKS[0], subsystem: 'memory'};
  const sites = (device: Device): ReadonlyMap<string, Truth> => new Map(writesOf(files, device, complete).map(({place, certain}) => [idOf(place), certain]));
  return {
    online: sites({...block, state: 'online'}),
    others: (['add', 'change'] as const).map((action) => ({action, sites: sites({...block, action, subsystem: 'scsi', state: 'offline'})})),
    blocks: BLOCKS.map((number) => sites({...block, block: number})),
  };
}
