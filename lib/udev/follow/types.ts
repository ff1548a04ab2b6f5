import type {Place} from '../lint/finding.ts';
import type {Guest} from '../guest.ts';
import type {Attempt, Found} from './kernel.ts';

/** What has written: a rule itself, a program that it ran, or a unit that systemd starts for it. */
export interface By {
  readonly how: 'attribute' | 'program' | 'unit';
  readonly place: Place;
  /** The lines of the whole rule. */
  readonly lines: {readonly first: number; readonly last: number};
  readonly command?: string | undefined;
  /** The rule has to do with memory blocks, so that what it starts may. */
  readonly concerns: boolean;
  /** It is only possible that it writes: a program or unit that is not known, by name. */
  readonly guess?: string | undefined;
}

/** An event of a device. */
export interface Event {
  readonly guest: Guest;
  readonly action: string;
  readonly subsystem: string;
  readonly name: string;
  readonly devpath: string;
  /** The state of a device that is no memory block. */
  readonly state?: string | undefined;
  /** The block that the event is about, or that something else may find. */
  readonly found?: Found | undefined;
}

/** What came of it, on one way. */
export interface Followed {
  readonly attempts: readonly Attempt<By>[];
  readonly state: 'online' | 'offline';
  readonly zone: string | undefined;
  readonly by: By | 'kernel' | undefined;
  readonly policy: string;
  readonly onlinePolicy: string | undefined;
}

/** Rules and commands have taken more steps than are followed. */
export class TooLong extends Error {}

/** How many steps may still be taken: a number that goes down. */
export interface Budget {
  left: number;
}
