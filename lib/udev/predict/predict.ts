import {effectOf} from '../effect.ts';
import type {RulesFile} from '../rule.ts';
import type {Happening, Outcome, Prediction, Where} from './types.ts';

const ZONES: Readonly<Record<string, Outcome['zone']>> = {online: 'default', online_kernel: 'kernel', online_movable: 'Movable'};

/** What all rules of a guest, in udevd's order, do to a block in one event. Needs no guest. */
export function predict(files: readonly RulesFile[], guest: Where, event: Happening): Prediction {
  const kernelFirst = event.kind === 'plug' && guest.policy !== 'offline';
  const before: Outcome = kernelFirst
    ? {state: 'online', zone: ZONES[guest.policy] ?? 'default', by: 'kernel', refused: [], policy: guest.policy}
    : {state: event.kind === 'plug' ? 'offline' : event.state, zone: 'unchanged', by: 'nobody', refused: [], policy: guest.policy};
  const {outcome, writes} = effectOf(files, guest, 'add', true, event.block);
  const outcomes = outcome.map((word): Outcome => {
    if (word === 'unchanged') return before;
    const write = writes.find(({value}) => value.open || value.values.includes(word));
    const rule = write ? `${write.place.file}:${write.place.line}` : undefined;
    return {...before, state: word === 'offline' ? 'offline' : 'online', zone: ZONES[word] ?? 'unchanged', by: write?.how === 'program' ? 'program' : 'rule', rule};
  });
  return {outcomes, dependsOn: outcomes.length > 1 ? ['something that the rules do not tell'] : []};
}
