import type {RecordedCase} from '../replay/recorded-case.ts';
import {mutantsOf, type Choice} from './choose.ts';
import {meansTheSame} from './meaning.ts';
import {Detector} from './detector.ts';
import {ruleFinder, type MutantTable, type Place} from './table.ts';

/**
 * How often a fault was injected, and what came of it. `explained`: survivors that tools/mutate/mutants.yaml explains.
 */
export interface Count {
  injected: number;
  caught: number;
  explained: number;
  equivalent: number;
}

/** A mutant that no check and no invariant sees. `fact`: what the case publishes differs, which nobody judges. */
export type Survivor = Place & {readonly fact: boolean};

/** What came of the mutants of one case. */
export interface Tally {
  readonly counts: Record<string, Count>;
  /** Survivors that nothing explains. */
  readonly survivors: Survivor[];
  /** How many survivors each rule explains, and how many mutants that it names were caught, by the rule's number. */
  readonly used: Record<number, {explained: number; caught: number}>;
}

/** Tells a case its own record with one thing wrong in it, for each mutant, and counts what it sees. */
export async function mutate(subject: RecordedCase, table: MutantTable, choice?: Choice): Promise<Tally> {
  const [equivalent, explanation] = [ruleFinder(table.equivalent), ruleFinder(table.survivors)];
  const detector = await Detector.of(subject);
  const tally: Tally = {counts: {}, survivors: [], used: {}};
  for (const mutant of mutantsOf(subject.recording, choice)) {
    const {fault, at, about} = mutant;
    const place = {case: subject.entry.id, fault, at, about};
    const count = (tally.counts[fault] ??= {injected: 0, caught: 0, explained: 0, equivalent: 0});
    if (equivalent(place) !== undefined || meansTheSame(mutant, table.unknowable)) {
      count.equivalent += 1;
      continue;
    }
    count.injected += 1;
    const detection = await detector.under(mutant);
    const rule = explanation(place);
    const used = rule === undefined ? undefined : (tally.used[rule] ??= {explained: 0, caught: 0});
    if (detection === 'caught') {
      count.caught += 1;
      if (used) used.caught += 1;
    } else if (used) {
      count.explained += 1;
      used.explained += 1;
    } else tally.survivors.push({...place, fact: detection === 'fact'});
  }
  return tally;
}
