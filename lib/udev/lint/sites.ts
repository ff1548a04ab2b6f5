import {actions, effectIn, type Action, type Effect, type Write} from '../predict/effect.ts';
import type {Place} from './finding.ts';
import {elsewhere} from '../follow/elsewhere.ts';
import type {Budget} from '../follow/types.ts';
import {guestName, policies, type Guest} from '../guest.ts';
import {blockClasses, tellsGuests, type BlockClass} from './classes.ts';
import {placeOf, type Rule, type RulesFile, type Token} from '../rules/rule.ts';
import {writesState} from '../predict/writes.ts';

/** A place in the rules that writes to a block's state, with every event of every guest in which it does. */
export interface Site {
  readonly file: RulesFile;
  readonly rule: Rule;
  readonly token: Token;
  readonly place: Place;
  readonly hits: readonly Hit[];
}

export interface Hit extends Omit<Write, 'place'> {
  readonly guest: Guest;
  readonly action: Action;
  readonly block: BlockClass;
  /** The block is online already: its event is sent again. */
  readonly again: boolean;
}

/** All places that write, and what becomes of blocks. */
export interface Surveyed {
  readonly sites: readonly Site[];
  /** Kinds of blocks that the rules tell apart; the first is that of most. */
  readonly blocks: readonly BlockClass[];
  /** Of a plugged block of the first kind, for each guest. */
  readonly effects: readonly Effect[];
  /** Of blocks of the other kinds, and of blocks that are online already. */
  readonly others: readonly (Effect & {readonly block: BlockClass; readonly again: boolean})[];
}

/** The guests of a question, in each of the policies it asks for. */
export const inAllPolicies = (guests: readonly Omit<Guest, 'policy'>[], policy?: Guest['policy']): Guest[] =>
  guests.flatMap((guest) => (policy ? [policy] : policies).map((one) => ({...guest, policy: one})));

export const idOf = ({file, line, col}: Place): string => `${file}:${line}:${col}`;

/** All places that write to a block's state, and when they do. */
export function survey(
  files: readonly RulesFile[],
  guests: readonly Guest[],
  complete: boolean,
  budget: Budget,
): Surveyed {
  const blocks = blockClasses(files);
  const hits = new Map<string, Hit[]>();
  const telling = tellsGuests(files);
  const known = new Map<string, Effect>();
  const effects: Effect[] = [];
  const others: (Effect & {block: BlockClass; again: boolean})[] = [];
  const look = (guest: Guest, action: Action, block: BlockClass, again: boolean): void => {
    const alike = `${telling ? guestName(guest) : ''} ${guest.policy} ${action} ${block.block} ${again}`;
    const seen =
      known.get(alike) ??
      effectIn(
        files,
        {guest, action, block: block.block, ...(again ? {state: 'online' as const} : {})},
        complete,
        budget,
      );
    known.set(alike, seen);
    const effect = {...seen, guest};
    for (const {place, ...write} of effect.writes) {
      const own = hits.get(idOf(place)) ?? [];
      hits.set(idOf(place), own);
      own.push({...write, guest, action, block, again});
    }
    if (action !== 'add') return;
    if (block === blocks[0] && !again) effects.push(effect);
    else others.push({...effect, block, again});
  };
  for (const guest of guests) {
    for (const block of blocks) {
      for (const action of block === blocks[0] ? actions : (['add', 'change'] as const))
        look(guest, action, block, false);
      look(guest, 'add', block, true);
    }
  }
  return {sites: sitesOf(files, hits), blocks, effects, others};
}

function sitesOf(files: readonly RulesFile[], hits: ReadonlyMap<string, readonly Hit[]>): Site[] {
  const sites: Site[] = [];
  for (const file of files) {
    for (const rule of file.rules) {
      for (const token of rule.tokens) {
        const place = hits.size > 0 || writesState(token) ? placeOf(file, rule, token.at) : undefined;
        const found = place ? hits.get(idOf(place)) : undefined;
        if (place && (found || writesState(token))) sites.push({file, rule, token, place, hits: found ?? []});
      }
    }
  }
  return sites;
}

/** Places that write to a plugged block of a guest. */
export const onePlace = (files: readonly RulesFile[], guest: Guest, complete: boolean): ReadonlySet<string> =>
  new Set(effectIn(files, {guest, action: 'add'}, complete).writes.map(({place}) => idOf(place)));

/** How sites fare where the device is no memory block: by event. A site that is missing does not write. */
export function onOthers(
  files: readonly RulesFile[],
  guest: Guest,
  complete: boolean,
): {action: Action; sites: ReadonlySet<string>}[] {
  return (['add', 'change'] as const).map((action) => ({action, sites: elsewhere(files, guest, action, complete)}));
}
