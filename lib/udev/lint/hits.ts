import {type Finding, type FindingId, type Level} from './finding.ts';
import {guestNames, type Guest} from '../guest.ts';
import type {BlockClass} from './classes.ts';
import type {RulesFile} from '../rules/rule.ts';
import {type Hit} from './sites.ts';
import type {Action} from '../predict/effect.ts';

/** What a lint is asked about. */
export interface Question {
  readonly files: readonly RulesFile[];
  /** These are all rules that the guest has. */
  readonly complete: boolean;
  /** The guests that count, in all their policies. */
  readonly guests: readonly Guest[];
  /** What was asked for, in words: `kvm`; undefined where nothing was. */
  readonly asked: string | undefined;
  readonly blocks: readonly BlockClass[];
  /** Places that write to devices that are no memory blocks, by event, on a guest. */
  readonly elsewhere: (guest: Guest) => readonly {readonly action: Action; readonly sites: ReadonlySet<string>}[];
  /** Guests that were not asked about, and get to a place. */
  readonly unasked: (id: string) => readonly Guest[];
}

export type Say = (id: FindingId, message: string, fix: string, level?: Level) => Finding;

export const onlines = (value: string): boolean =>
  value === 'online' || value === 'online_kernel' || value === 'online_movable';
export const writes = (hits: readonly Hit[], wanted: (value: string) => boolean): Hit[] =>
  hits.filter(({value}) => value.values.some(wanted));
export const places = (hits: readonly {readonly guest: Guest}[]): string => guestNames(hits.map(({guest}) => guest));
export const RESPECT =
  'remove the rule, and set the policy of the kernel instead; a rule that leaves blocks alone where the ' +
  'policy is offline never acts';
