import {policies, type Policy} from '../../guest.ts';
import type {Place} from '../place.ts';

/** What decides about plugged memory, by the kernel's own names: files of /sys, and the state of blocks. */
export const settingNames = [
  'auto_online_blocks',
  'online_policy',
  'auto_movable_ratio',
  'auto_movable_numa_aware',
  'state',
] as const;
export type SettingName = (typeof settingNames)[number];

/** Something that is written to one of them. */
export interface Setting {
  readonly name: SettingName;
  /** Nothing where it can't be read from the text: a variable, a program's output. */
  readonly value: string | undefined;
  readonly place: Place;
  /** What writes it, for people: "tmpfiles.d", "the unit x.service". */
  readonly by: string;
}

export const isPolicy = (word: string | undefined): word is Policy => policies.some((one) => one === word);

const BLOCKS = 'sys/devices/system/memory';

/** The file of a setting, without the leading `/`; for a block's state that of one block. */
export const fileOf = (name: SettingName): string =>
  name === 'auto_online_blocks'
    ? `${BLOCKS}/${name}`
    : name === 'state'
      ? `${BLOCKS}/memory32/state`
      : `sys/module/memory_hotplug/parameters/${name}`;

/**
 * Why the kernel does not take a value; nothing where it does. `four`: it knows more policies than online and offline
 * (5.7).
 */
export function refusal({name, value}: Setting, four: boolean): string | undefined {
  if (value === undefined) return undefined;
  const words: Readonly<Record<SettingName, readonly string[] | RegExp>> = {
    auto_online_blocks: four ? policies : ['offline', 'online'],
    online_policy: ['contig-zones', 'auto-movable'],
    auto_movable_ratio: /^\d+$/,
    auto_movable_numa_aware: /^([YyTt1NnFf0]|on|off)/,
    state: ['online', 'online_kernel', 'online_movable', 'offline'],
  };
  const takes = words[name];
  if (takes instanceof RegExp ? takes.test(value) : takes.includes(value)) return undefined;
  return `${name} takes no "${value}"${takes instanceof RegExp ? '' : `, only ${takes.join(', ')}`}${name === 'auto_online_blocks' && !four ? ' (before 5.7)' : ''}`;
}
