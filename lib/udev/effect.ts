import {actions, stateOf, stateWords, type Action, type Device} from './device.ts';
import {writesOf} from './evaluate.ts';
import type {Guest} from './guest.ts';
import type {RulesFile} from './rule.ts';
import {writesState, type Write} from './writes.ts';

/** A block that no guest has at boot. */
const BLOCK = 32;

/** What rules do to one memory block in one event. */
export interface Effect {
  readonly guest: Guest;
  readonly action: Action;
  readonly writes: readonly Write[];
  /** The word that takes effect, or `unchanged`: the rules leave the block to the kernel and to people. Several: it depends. */
  readonly outcome: readonly string[];
}

/** Files that have any rule which writes to a block's state; others matter only as what they do to properties. */
export const writesSomewhere = (files: readonly RulesFile[]): boolean =>
  files.some(({rules}) => rules.some(({tokens}) => tokens.some(writesState)));

/** What rules do to a block of a guest. `complete`: these are all rules that the guest has. */
export function effectOf(files: readonly RulesFile[], guest: Guest, action: Action, complete: boolean, block: number = BLOCK): Effect {
  const device: Device = {guest, action, block, subsystem: 'memory'};
  const writes = writesSomewhere(files) ? writesOf(files, device, complete) : [];
  return {guest, action, writes, outcome: outcomeOf(writes, device)};
}

/** The effects of all events on a block. */
export const effectsOf = (files: readonly RulesFile[], guest: Guest, complete: boolean): Effect[] =>
  actions.map((action) => effectOf(files, guest, action, complete));

/**
 * The first word that the kernel takes decides: an online block refuses every other word (EINVAL), and an unknown word changes nothing.
 * Where the kernel onlines by itself it is first: it holds device_hotplug_lock, which a write to `state` waits for, from before it makes
 * the blocks until they are online. Rules may see them offline all the same.
 */
function outcomeOf(writes: readonly Write[], device: Device): string[] {
  const kernelFirst = device.action === 'add' && device.guest.policy !== 'offline';
  let states = new Set<string>(stateOf(device).values.map((state) => (state === 'online' || kernelFirst ? ONLINE : OFFLINE)));
  for (const {value, certain} of writes) {
    const next = new Set<string>(certain === 'yes' ? [] : states);
    for (const state of states) {
      for (const word of value.open ? [...value.values, ...stateWords] : value.values) next.add(after(state, word));
      if (value.open) next.add(state);
    }
    states = next;
  }
  return [...new Set([...states].map((state) => (state === ONLINE || state === OFFLINE ? 'unchanged' : state)))].sort();
}

/** As it was when udevd got there. */
const ONLINE = '(online)';
const OFFLINE = '(offline)';

function after(state: string, word: string): string {
  if (!(stateWords as readonly string[]).includes(word)) return state;
  const isOffline = state === OFFLINE || state === 'offline';
  return isOffline === (word === 'offline') ? state : word;
}
