import {stateReadings} from '../predict/effect.ts';
import {finding, type Finding} from './finding.ts';
import type {Question} from './hits.ts';
import {isForMemory} from './writes.ts';
import {isMatch, placeOf, type Rule, type RulesFile} from '../rules/rule.ts';
import type {Site} from './sites.ts';
import {writesState} from '../predict/writes.ts';

/** What is to be said of files that have to do with memory blocks, beyond each single write. */
export function* ruleFindings(question: Question, sites: readonly Site[]): Generator<Finding> {
  const writing = new Set(sites.filter(({hits}) => hits.length > 0).map(({rule}) => rule));
  for (const file of question.files) {
    const reached = sites.some((site) => site.file === file && site.hits.length > 0);
    for (const [i, rule] of file.rules.entries()) {
      yield* bothDiffer(file, rule, i);
      if (reached) yield* detectVirt(file, rule);
      if (isForMemory({rule}) || writing.has(rule)) yield* comparisons(file, rule);
    }
  }
  yield* twice(question, sites);
}

/** `SUBSYSTEM!="memory", ACTION!="add", GOTO="end"` was meant to jump for every other device and every other action. */
function* bothDiffer(file: RulesFile, rule: Rule, index: number): Generator<Finding> {
  const target = file.jumps.get(index);
  if (target === undefined || rule.tokens.length < 2 || !rule.tokens.every(({op}) => op === '!=')) return;
  const tokens = [...rule.tokens].sort((a, b) => a.at - b.at);
  const keys = [...new Set(tokens.map(({key, attr}) => (attr === undefined ? key : `${key}{${attr}}`)))];
  const guarded = file.rules.slice(index + 1, target).some((other) => other.tokens.some(writesState));
  if (keys.length < 2 || !guarded) return;
  yield finding(
    'memory/goto-both-differ',
    placeOf(file, rule),
    `jumps only where ${keys.join(' and ')} both differ: events that differ in one of them go on to the rules below`,
    `make one line of each: ` +
      tokens
        .map(
          ({key, attr, value}) =>
            `${key}${attr === undefined ? '' : `{${attr}}`}!="${value}", GOTO="${rule.goto?.label ?? ''}"`,
        )
        .join(' and '),
  );
}

function* detectVirt(file: RulesFile, rule: Rule): Generator<Finding> {
  const program = rule.tokens.find(({key, value}) => key === 'PROGRAM' && /^\S*systemd-detect-virt\s*$/.test(value));
  if (!program || program.op === '!=') return;
  const none = rule.tokens.some(
    ({key, op, value}) => key === 'RESULT' && op === '==' && value.split('|').includes('none'),
  );
  yield finding(
    'memory/detect-virt',
    placeOf(file, rule, program.at),
    none
      ? 'systemd-detect-virt prints "none" on bare metal and fails: PROGRAM does not match then, and the ' +
          'rule never applies'
      : 'systemd-detect-virt fails on bare metal: the rule never applies there',
    'use CONST{virt} (systemd 244 and newer), or PROGRAM="/bin/sh -c \'systemd-detect-virt || :\'"',
  );
}

function* comparisons(file: RulesFile, rule: Rule): Generator<Finding> {
  for (const token of rule.tokens) {
    if (token.key !== 'ATTR' || token.attr !== 'state' || !isMatch(token) || token.pattern?.kind !== 'plain') continue;
    const wrong = token.pattern.alternatives.filter(
      (word) => !stateReadings.includes(token.pattern?.ignoreCase ? word.toLowerCase() : word),
    );
    if (wrong.length > 0) {
      yield finding(
        'memory/state-match',
        placeOf(file, rule, token.at),
        `no block ever reads "${wrong.join('", "')}": the state is online, offline or going-offline, ` +
          `whatever was written`,
        'compare with "offline" or "online"',
      );
    }
  }
}

/**
 * Two writes in the same event of the same block: the second is refused. Most udevds read the state once an event, so
 * that comparing doesn't help.
 */
function* twice({guests, blocks}: Question, sites: readonly Site[]): Generator<Finding> {
  const seen = new Set<Site>();
  for (const guest of guests.filter(({policy}) => policy === 'offline')) {
    for (const block of blocks) {
      const [first, ...more] = sites.filter(({hits}) =>
        hits.some(
          (hit) =>
            hit.guest === guest && hit.block === block && hit.action === 'add' && !hit.again && hit.guess === undefined,
        ),
      );
      for (const site of more) {
        if (!first || seen.has(site)) continue;
        seen.add(site);
        yield finding(
          'memory/double-online',
          site.place,
          `${first.place.file}:${first.place.line} has written the state of the same block in the same ` +
            `event: the kernel refuses the second write (EINVAL)`,
          'keep one of them; before systemd 258 ATTR{state} is read once an event, so a comparison does not ' +
            'tell them apart',
        );
      }
    }
  }
}
