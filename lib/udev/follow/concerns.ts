import {matches} from '../rules/pattern.ts';
import type {Rule, RulesFile} from '../rules/rule.ts';

/** The rule itself says that it is for memory blocks. */
export function isForMemory({rule}: {readonly rule: Rule}): boolean {
  return rule.tokens.some(({key, pattern, op, value}) => {
    if (op !== '==' || !pattern) return false;
    if (key === 'SUBSYSTEM') return matches(pattern, 'memory') && !matches(pattern, 'scsi');
    return (key === 'KERNEL' || key === 'DEVPATH') && /(^|\/)memory/.test(value);
  });
}

const guarded = new WeakMap<RulesFile, boolean>();

/**
 * Whether a rule has to do with memory blocks: it says so, its file does, or its command. Rules for any device do not.
 */
export function concernsMemory(file: RulesFile, rule: Rule, command: string): boolean {
  let guard = guarded.get(file);
  if (guard === undefined) {
    guard = file.rules.some(({tokens}) =>
      tokens.some(({key, op, value}) => key === 'SUBSYSTEM' && op === '!=' && value === 'memory'),
    );
    guarded.set(file, guard);
  }
  return guard || isForMemory({rule}) || /memory/.test(command);
}
