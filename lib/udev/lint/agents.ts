import {finding, type Finding} from './finding.ts';
import {foreignWrites} from '../follow/elsewhere.ts';
import type {Guest} from '../guest.ts';
import type {RulesFile} from '../rules/rule.ts';
import type {Surveyed} from './sites.ts';

/**
 * What is to be said of rules that reach memory blocks by another way: for other devices, or by the kernel's policy.
 */
export function* agentFindings(
  files: readonly RulesFile[],
  {effects, others}: Surveyed,
  guest: Guest | undefined,
  complete: boolean,
): Generator<Finding> {
  const seen = new Set<string>();
  for (const {policies} of [...effects, ...others]) {
    for (const {file, word, place} of policies) {
      if (seen.size === seen.add(`${place.file}:${place.line}:${place.col} ${word}`).size) continue;
      const what =
        file === 'online_policy'
          ? 'which zone the kernel chooses for later blocks'
          : 'whether and where the kernel onlines later blocks by itself';
      yield finding(
        'memory/sets-policy',
        place,
        `sets ${file} to ${word}: it decides ${what}`,
        'set it once at boot instead: by the kernel parameter or tmpfiles.d',
      );
    }
  }
  if (!guest) return;
  for (const {by, subsystem, words} of foreignWrites(files, guest, complete)) {
    yield finding(
      'memory/other-subsystem',
      by.place,
      `when a device of the subsystem ${subsystem} is added, writes ${words.join(', ')} to the memory ` +
        `blocks that are ` +
        'there then; those of a DIMM may come later',
      'make it a rule for SUBSYSTEM=="memory"',
    );
  }
}
