import {createHash} from 'node:crypto';
import {faults, Mutable, type Mutant} from '../replay/faults/mutants.ts';
import type {Recording} from '../replay/recording.ts';
import {pattern} from './table.ts';

/** Which mutants of a case are wanted. */
export interface Choice {
  /** At places that this pattern names, as in tools/mutate/mutants.yaml; anywhere without it. */
  readonly at?: string | undefined;
  /**
   * So many: a place and a fault, and one of the mutants that it makes there. Which ones follows from the seed and their
   * names alone, so that another run of the same case, with other numbers in it, has the same sample. All without it.
   */
  readonly sample?: {readonly count: number; readonly seed: string} | undefined;
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
  const {count, seed} = sample;
  let left = count;
  for (const {entry, fault} of drawn(pairs, ({entry, fault}) => `${seed} ${entry.label} ${fault.id}`)) {
    if (left <= 0) return;
    const [one] = drawn([...mutable.at(entry, fault)], ({at, fault, about}) => `${seed} ${at} ${fault} ${about}`);
    if (!one) continue;
    left -= 1;
    yield one;
  }
}

/** A list in an order that depends on each one's name, and not on the others. */
function drawn<T>(list: readonly T[], name: (one: T) => string): T[] {
  return list
    .map((one) => ({one, rank: createHash('sha256').update(name(one)).digest('hex')}))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({one}) => one);
}
