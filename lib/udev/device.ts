import type {Guest} from './guest.ts';
import {dmiOf} from './guest.ts';
import {anything, exactly, type Text} from './maybe.ts';

/** What happens to the block when udevd looks at its rules: it was plugged, somebody sets it online or offline, or triggers events. */
export const actions = ['add', 'change', 'online', 'offline'] as const;
export type Action = (typeof actions)[number];

/** A memory block in an event. */
export interface Device {
  readonly guest: Guest;
  readonly action: Action;
  /** The number of the block: memoryN. */
  readonly block: number;
  /** `memory`; another where we ask what a rule does to devices that are no memory blocks. */
  readonly subsystem: string;
  /** The state that the rules see; absent: what it is in such an event. */
  readonly state?: string;
}

/** Words that can be written to the state of a block. */
export const stateWords = ['online', 'online_kernel', 'online_movable', 'offline'] as const;

/** What can be read from the state of a block. */
export const stateReadings = ['online', 'offline', 'going-offline'] as const;

/** Attributes that every memory block has. */
const FILES = ['state', 'online', 'removable', 'phys_index', 'phys_device', 'valid_zones', 'uevent'];

/**
 * The state as the rules see it. When a block is added it is offline; with another policy than offline the kernel onlines it
 * at the same time, and either may come first. A change comes from `udevadm trigger`: a block that somebody left offline.
 */
export function stateOf({guest: {policy}, action, state}: Device): Text {
  if (state !== undefined) return exactly(state);
  if (action === 'online') return exactly('online');
  return action === 'add' && policy !== 'offline' ? exactly('offline', 'online') : exactly('offline');
}

/** An attribute of the device; absent where it has none of that name. */
export function attribute(device: Device, name: string): Text | undefined {
  const other = /^\[([^/\]]*)\/([^\]]*)\]\/?(.*)$/.exec(name);
  if (other) return ofOther(device, other[1] ?? '', other[2] ?? '', other[3] ?? '');
  if (device.subsystem !== 'memory' && (name !== 'state' || device.state === undefined)) return anything;
  if (name === 'state') return stateOf(device);
  if (name === 'online') return exactly(...stateOf(device).values.map((state) => (state === 'online' ? '1' : '0')));
  if (name === 'auto_online_blocks') return undefined; // of the directory above
  return anything;
}

/** `[subsystem/device]attribute`. */
function ofOther(device: Device, subsystem: string, sysname: string, attr: string): Text | undefined {
  if (subsystem === 'dmi' && sysname === 'id') return exactly(dmiOf(device.guest, attr) ?? '');
  if (subsystem === 'subsystem' && sysname === 'memory' && attr === 'auto_online_blocks') return exactly(device.guest.policy);
  if (subsystem === 'memory' && sysname === `memory${device.block}`) return attribute(device, attr);
  return anything;
}

/** An attribute of the directory of all memory blocks, which ATTRS gets to as the block's parent. */
export const parentAttribute = ({guest}: Device, name: string): Text | undefined =>
  name === 'auto_online_blocks' ? exactly(guest.policy) : FILES.includes(name) && name !== 'uevent' ? undefined : anything;

export const hasFile = (device: Device, name: string): boolean => device.subsystem === 'memory' && FILES.includes(name);

export const devpath = ({block}: Device): string => `/devices/system/memory/memory${block}`;
