import type {Answer, Entry} from '../recording.ts';

/** A wrong answer in the place of a right one. */
export interface Wrong {
  /** Which part of the answer is wrong: a block, a field, a line; empty where it is all of it. */
  readonly about: string;
  readonly answer: Answer;
}

/** What was answered to the same question at other times. */
export interface Past {
  /** The newest answer before this one to the same question, by the same clone. */
  readonly before: Entry | undefined;
  /** The oldest one. */
  readonly first: Entry | undefined;
  /** The next one, for somebody who is told it too early. */
  readonly after: Entry | undefined;
}

/** A way in which a guest, QEMU or the way between could be wrong. Never a way to expect something else. */
export interface Fault {
  /** For ever, as a case's. */
  readonly id: string;
  /** What is wrong, in a sentence. */
  readonly says: string;
  /** The wrong answers that this fault makes of a right one; none where it has nothing to do with it. */
  readonly wrong: (entry: Entry, past: Past) => Iterable<Wrong>;
}
