import {shuffled} from '../../lib/conformance/expected/order.ts';
import {faults, Mutable, type Mutant} from '../replay/faults/mutants.ts';
import type {Recording} from '../replay/recording.ts';
import {pattern} from './table.ts';

/** Which mutants of a case are wanted. */
export interface Choice {
  /** At places that this pattern names, as in tools/mutate/mutants.yaml; anywhere without it. */
  readonly at?: string | undefined;
  /**
   * So many, which follow from the seed alone: a place and a fault, and one of the mutants that it makes there. All
   * without it.
   */
  readonly sample?: {readonly count: number; readonly seed: number} | undefined;
}

/** Every fault at every place of a recording that is wanted, or a sample of them. */
export function* mutantsOf(recording: Recording, {at = '*', sample}: Choice = {}): Iterable<Mutant> {
  const mutable = new Mutable(recording);
  const isWanted = pattern(at);
  const pairs = mutable.entries
    .filter(({label}) => isWanted(label))
    .flatMap((entry) => faults.map((fault) => ({entry, fault})));
  if (!sample) {
    for (const {entry, fault} of pairs) yield* mutable.at(entry, fault);
    return;
  }
  let left = sample.count;
  for (const [i, {entry, fault}] of shuffled(pairs, sample.seed).entries()) {
    if (left <= 0) return;
    const [one] = shuffled([...mutable.at(entry, fault)], sample.seed + i);
    if (!one) continue;
    left -= 1;
    yield one;
  }
}
