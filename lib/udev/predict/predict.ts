import {decisive} from '../follow/explore.ts';
import type {By, Followed} from '../follow/types.ts';
import {follow} from '../follow/follow.ts';
import {shown} from '../follow/unknown.ts';
import type {RulesFile} from '../rules/rule.ts';
import type {Happening, Outcome, Prediction, Refused, Where} from './types.ts';

/**
 * What all rules of a guest, in udevd's order, do to a block in one event, by reading them alone: no guest is asked.
 * Several outcomes where it depends on something that the rules do not tell, which `dependsOn` names.
 */
export function predict(files: readonly RulesFile[], guest: Where, event: Happening): Prediction {
  const name = `memory${event.block}`;
  const found =
    event.kind === 'plug'
      ? {block: event.block, state: 'offline' as const, racing: guest.policy !== 'offline'}
      : {block: event.block, state: event.state, movable: event.zone === 'Movable'};
  const {ways, all} = follow(
    files,
    {guest, action: 'add', subsystem: 'memory', name, devpath: `/devices/system/memory/${name}`, found},
    true,
  );
  const outcomes = new Map<string, Outcome[]>();
  for (const {value} of ways) {
    const outcome = outcomeOf(value, event.block, guest);
    outcomes.set(keyOf(outcome), [...(outcomes.get(keyOf(outcome)) ?? []), outcome]);
  }
  const dependsOn = decisive(ways, (value) => keyOf(outcomeOf(value, event.block, guest)));
  return {
    outcomes: [...outcomes.values()].flatMap(merged),
    dependsOn: all ? dependsOn : [...dependsOn, 'more than can be followed'],
  };
}

function outcomeOf(followed: Followed, block: number, guest: Where): Outcome {
  const {state, zone, by, policy, attempts} = followed;
  const rule = by === undefined || by === 'kernel' ? undefined : ruleOf(by, guest);
  const refused = attempts.flatMap((attempt): Refused[] => {
    const {file, word, errno} = attempt;
    return attempt.block === block && errno !== undefined && (file === 'state' || file === 'online')
      ? [{rule: ruleOf(attempt.by, guest), file, word: shown(word), errno, certain: true}]
      : [];
  });
  return {
    state,
    zone: state === 'online' && (zone === 'default' || zone === 'kernel' || zone === 'Movable') ? zone : 'unchanged',
    by: by === undefined ? 'nobody' : by === 'kernel' ? 'kernel' : by.how === 'attribute' ? 'rule' : 'program',
    ...(rule === undefined ? {} : {rule}),
    refused,
    policy,
    ...(followed.onlinePolicy === undefined ? {} : {onlinePolicy: followed.onlinePolicy}),
  };
}

/** udevd names a rule by the last of its lines, and since systemd 258 by the first. */
const ruleOf = ({place: {file}, lines}: By, {systemd = 258}: Where): string =>
  `${file}:${systemd >= 258 ? lines.first : lines.last}`;

const keyOf = ({refused: _, ...rest}: Outcome): string => JSON.stringify(rest);

/** Ways that end in the same: what was refused on some of them only is not certain. */
function merged(same: readonly Outcome[]): Outcome[] {
  const [first] = same;
  if (!first) return [];
  const id = ({certain: _, ...rest}: Refused): string => JSON.stringify(rest);
  const all = new Map(same.flatMap(({refused}) => refused.map((one) => [id(one), one] as const)));
  const refused = [...all].map(([key, one]) => ({
    ...one,
    certain: same.every((other) => other.refused.some((its) => id(its) === key)),
  }));
  return [{...first, refused}];
}
