import type {Answers} from '../clone.ts';
import type {Fault, Past} from './fault.ts';
import {hostFaults} from './host.ts';
import {observationFaults} from './observation.ts';
import {qemuFaults, queryFaults} from './qmp.ts';
import type {Answer, Entry, Recording} from '../recording.ts';
import {outputFaults, writeFaults} from './script.ts';
import {viewFaults} from './view.ts';
import {udevFaults} from './udev.ts';

/** Every fault, those that say most first: what several make fail is counted for the first of them. */
export const faults: readonly Fault[] = [
  ...writeFaults,
  ...qemuFaults,
  ...hostFaults,
  ...udevFaults,
  ...outputFaults,
  ...observationFaults,
  ...queryFaults,
  ...viewFaults,
];

/** One fault at one place of a recording. */
export interface Mutant {
  readonly fault: string;
  /** Label of the entry. */
  readonly at: string;
  readonly about: string;
  /** The fault stays: all later answers to the same question have it too. */
  readonly lasting: boolean;
  readonly answers: Answers;
}

/** The entries of a recording, with what was told before each. */
export class Mutable {
  readonly entries: readonly Entry[];
  readonly #pasts = new Map<Entry, Past>();

  constructor({clones, entries}: Recording) {
    // What was said while a clone woke up is not said to the case.
    this.entries = entries.filter(({clone, n}) => n > (clones.get(clone)?.n ?? 0));
    const [first, before] = [new Map<string, Entry>(), new Map<string, Entry>()];
    for (const entry of this.entries) {
      const key = keyOf(entry);
      if (!first.has(key)) first.set(key, entry);
      this.#pasts.set(entry, {before: before.get(key), first: first.get(key), after: undefined});
      const last = before.get(key);
      if (last) this.#pasts.set(last, {...this.#past(last), after: entry});
      before.set(key, entry);
    }
  }

  /** The mutants that a fault makes at one place. */
  *at(entry: Entry, fault: Fault, lasting = false): Iterable<Mutant> {
    for (const {about, answer} of fault.wrong(entry, this.#past(entry))) {
      const answers = new Map<Entry, Answer>([[entry, answer]]);
      if (lasting) this.#addLater(answers, entry, fault, about);
      if (!lasting || answers.size > 1) yield {fault: fault.id, at: entry.label, about, lasting, answers};
    }
  }

  /** The mutants of a fault in the answers to one question: the one of that name first. */
  *like({fault: id, at, about, lasting}: Omit<Mutant, 'answers'>): Iterable<Mutant> {
    const fault = faults.find((one) => one.id === id);
    if (!fault) return;
    const places = this.entries.filter(({label}) => unnumbered(label) === unnumbered(at));
    const all = places.flatMap((entry) => [...this.at(entry, fault, lasting)]);
    const named = all.filter((one) => one.at === at && one.about === about);
    yield* named;
    yield* all.filter((one) => !named.includes(one));
  }

  #addLater(answers: Map<Entry, Answer>, entry: Entry, fault: Fault, about: string): void {
    for (const later of this.entries
      .slice(this.entries.indexOf(entry) + 1)
      .filter((one) => keyOf(one) === keyOf(entry))) {
      for (const wrong of fault.wrong(later, this.#past(later))) {
        if (wrong.about === about) answers.set(later, wrong.answer);
      }
    }
  }

  #past(entry: Entry): Past {
    return this.#pasts.get(entry) ?? {before: undefined, first: undefined, after: undefined};
  }
}

const unnumbered = (label: string): string => label.replace(/ #\d+$/, '');

const keyOf = ({clone, label}: Entry): string => `${clone} ${unnumbered(label)}`;
