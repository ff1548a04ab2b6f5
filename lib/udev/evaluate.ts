import type {Device} from './device.ts';
import {anything, both, exactly, oneOf, type Text, type Truth} from './maybe.ts';
import {fill, matchOf, parentsMatch} from './match.ts';
import {runProgram} from './program.ts';
import {isMatch, placeOf, type Rule, type RulesFile, type Token} from './rule.ts';
import {meet, setProperty, type Collected} from './state.ts';
import {commandWrites, stateWritten, type Write} from './writes.ts';

const PARENTS = new Set(['KERNELS', 'SUBSYSTEMS', 'DRIVERS', 'ATTRS', 'TAGS']);

interface Walk {
  readonly device: Device;
  /** The files are all that the guest has: a property that none of them sets is not set. */
  readonly complete: boolean;
  readonly writes: Write[];
  runs: Write[];
  runsFinal: boolean;
}

/**
 * The writes to the state of a memory block that rules do in one event, in udevd's order: first attributes as the rules go, then what RUN
 * collected. Whatever depends on something unknown is `maybe`; where a GOTO perhaps jumps, both ways are followed until they meet.
 */
export function writesOf(files: readonly RulesFile[], device: Device, complete: boolean): Write[] {
  const walk: Walk = {device, complete, writes: [], runs: [], runsFinal: false};
  let collected: Collected = {env: new Map(), imported: [], result: exactly('')};
  for (const file of files) collected = throughFile(file, collected, walk);
  return [...walk.writes, ...walk.runs];
}

function throughFile(file: RulesFile, start: Collected, walk: Walk): Collected {
  const waiting = new Map<number, Collected>();
  let current: Collected | undefined = start;
  for (const [i, rule] of file.rules.entries()) {
    const arrived = waiting.get(i);
    waiting.delete(i);
    current = current && arrived ? meet(current, arrived, walk.complete) : (current ?? arrived);
    if (!current) continue;
    const applied: {collected: Collected; truth: Truth} = applyRule(file, rule, current, waiting.size === 0 ? 'yes' : 'maybe', walk);
    const {truth, collected} = applied;
    const target = file.jumps.get(i);
    current = collected;
    if (target === undefined || truth === 'no') continue;
    const there = waiting.get(target);
    waiting.set(target, there ? meet(there, collected, walk.complete) : collected);
    if (truth === 'yes') current = undefined;
  }
  return current ?? start;
}

function applyRule(file: RulesFile, rule: Rule, start: Collected, reached: Truth, walk: Walk): {collected: Collected; truth: Truth} {
  const {device, complete} = walk;
  let collected = start;
  let truth: Truth = 'yes';
  const certain = (): Truth => both(reached, truth);
  let parentsDone = false;
  for (const token of rule.tokens) {
    if (!isMatch(token)) {
      collected = assign(file, rule, token, collected, truth, certain(), walk);
      continue;
    }
    let held: Truth;
    if (PARENTS.has(token.key)) {
      if (parentsDone) continue;
      parentsDone = true;
      held = parentsMatch(rule.tokens.filter(({key}) => PARENTS.has(key)), device);
    } else if (token.key === 'PROGRAM') {
      const ran = ranProgram(fill(token.value, device, collected, complete), walk);
      held = token.op === '!=' ? notOf(ran.ok) : ran.ok;
      const result = ran.ok === 'yes' ? ran.output : ran.ok === 'no' ? exactly('') : oneOf(ran.output, exactly(''));
      collected = {...collected, result: truth === 'yes' ? result : oneOf(collected.result, result)};
    } else if (token.key === 'IMPORT') {
      held = 'maybe';
      const one = token.attr === 'cmdline' || token.attr === 'db' || token.attr === 'parent';
      const pattern = one ? fill(token.value, device, collected, complete) : anything;
      collected = {...collected, imported: [...collected.imported, ...(pattern.open ? ['*'] : pattern.values)]};
    } else held = matchOf(token, device, collected, complete);
    truth = both(truth, held);
    if (truth === 'no') break;
  }
  return {collected, truth};
}

const notOf = (truth: Truth): Truth => (truth === 'yes' ? 'no' : truth === 'no' ? 'yes' : 'maybe');

function ranProgram(command: Text, {device}: Walk): {ok: Truth; output: Text} {
  const [only] = command.values;
  return command.open || command.values.length !== 1 || only === undefined ? {ok: 'maybe', output: anything} : runProgram(only, device.guest);
}

/** `truth`: whether the rule matches, once udevd is at it, which is what counts for what it collects; `certain`: whether it gets there and matches. */
function assign(file: RulesFile, rule: Rule, token: Token, collected: Collected, truth: Truth, certain: Truth, walk: Walk): Collected {
  const {device, complete} = walk;
  const value = (): Text => fill(token.value, device, collected, complete);
  if (token.key === 'ENV') {
    const name = token.attr ?? '';
    return setProperty(collected, name, token.op === '+=' ? anything : value(), truth, complete);
  }
  const place = placeOf(file, rule, token.at);
  if (token.key === 'ATTR') {
    const written = stateWritten(token, device, value());
    if (written) walk.writes.push({value: written, certain, how: 'attribute', place});
  }
  if (token.key === 'RUN' && !walk.runsFinal) {
    if (token.op !== '+=' && certain === 'yes') walk.runs = [];
    if (token.op !== '+=' && certain === 'maybe') walk.runs = walk.runs.map((run) => ({...run, certain: both(run.certain, 'maybe')}));
    walk.runsFinal = token.op === ':=' && certain === 'yes';
    const written = token.attr === 'builtin' ? undefined : commandWrites(token.value);
    if (written) walk.runs.push({value: written, certain, how: 'program', place});
  }
  return collected;
}
