import {shuffled} from '../conformance/order.ts';
import {faults, Mutable, type Mutant} from '../replay/mutants.ts';
import type {Recording} from '../replay/recording.ts';

/** How many mutants of a case are wanted, and which. */
export interface Sample {
  readonly count: number;
  readonly seed: number;
}

/** Every fault at every place of a recording; or a sample, which follows from its seed alone: a place and a fault, and one of the mutants that it makes there. */
export function* mutantsOf(recording: Recording, sample?: Sample): Iterable<Mutant> {
  const mutable = new Mutable(recording);
  const pairs = mutable.entries.flatMap((entry) => faults.map((fault) => ({entry, fault})));
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
