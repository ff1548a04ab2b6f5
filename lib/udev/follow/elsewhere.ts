import type {Guest} from '../guest.ts';
import type {RulesFile} from '../rules/rule.ts';
import {follow} from './follow.ts';
import {ELSEWHERE} from './kernel.ts';
import type {By} from './types.ts';

/** Where rules surely write to the state of a device that is no memory block, of SCSI for one: `FILE:LINE:COLUMN`. */
export function elsewhere(
  files: readonly RulesFile[],
  guest: Guest,
  action: string,
  complete: boolean,
): ReadonlySet<string> {
  const event = {
    guest,
    action,
    subsystem: 'scsi',
    name: '0:0:0:0',
    devpath: '/devices/pci0000:00/0000:00:01.0/host0/target0:0:0/0:0:0:0',
    state: 'offline',
  };
  const {ways} = follow(files, event, complete);
  const certain = ways.map(
    ({value}) =>
      new Set(
        value.attempts
          .filter(({file}) => file === ELSEWHERE)
          .map(({by: {place}}) => `${place.file}:${place.line}:${place.col}`),
      ),
  );
  return new Set([...(certain[0] ?? [])].filter((one) => certain.every((its) => its.has(one))));
}

/** What rules for devices of another subsystem do to memory blocks, when one is added. */
export interface Foreign {
  readonly by: By;
  readonly subsystem: string;
  readonly words: readonly string[];
}

/** Subsystems that are named in rules, with the name of a device of theirs. */
function subsystemsOf(files: readonly RulesFile[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const {rules} of files) {
    for (const {tokens} of rules) {
      if (!tokens.some(({key, attr}) => key === 'PROGRAM' || (key === 'RUN' && attr !== 'builtin'))) continue;
      const subsystem =
        tokens.find(({key, op, pattern}) => key === 'SUBSYSTEM' && op === '==' && pattern?.kind === 'plain')?.value ??
        '';
      if (subsystem === '' || subsystem === 'memory' || found.size >= 20) continue;
      const kernel = tokens.find(({key, op}) => key === 'KERNEL' && op === '==')?.value ?? '';
      found.set(subsystem, /^[\w:.-]+$/.test(kernel) ? kernel : `${subsystem}0`);
    }
  }
  return found;
}

/** What rules for other devices than memory blocks write to memory blocks. */
export function foreignWrites(files: readonly RulesFile[], guest: Guest, complete: boolean): Foreign[] {
  const found = new Map<string, Foreign>();
  for (const [subsystem, name] of subsystemsOf(files)) {
    const devpath =
      subsystem === 'node' || subsystem === 'cpu'
        ? `/devices/system/${subsystem}/${name}`
        : `/devices/${subsystem}/${name}`;
    const event = {guest, action: 'add', subsystem, name, devpath, found: {block: 32, state: 'offline' as const}};
    for (const {value} of follow(files, event, complete).ways) {
      for (const {by, block, word} of value.attempts) {
        if (block !== 32 || by.guess !== undefined) continue;
        const key = `${by.place.file}:${by.place.line}:${by.place.col}`;
        const known = found.get(key);
        found.set(key, {by, subsystem, words: [...new Set([...(known?.words ?? []), word.trim()])]});
      }
    }
  }
  return [...found.values()];
}
