/** What a TAP stream says, and what is wrong with it as a whole. */
export interface Tally {
  passed: number;
  failed: string[];
  /** The first lines of what each failed test said, by its title. */
  why: ReadonlyMap<string, readonly string[]>;
  skipped: number;
  /** Why the stream proves nothing although no test failed; undefined when it is whole. */
  flaw: string | undefined;
}

/** So many lines of what a failed test said stand again at the end, where a log that is cut in its middle shows them. */
const LINES = 12;

const TEST = /^(not )?ok\b[ \d]*(?:- )?(.*)$/;

/**
 * Counts a TAP stream line by line. It is whole only when it has at least one test and ends with a plan that
 * agrees: a runner that crashed, or found nothing to run, must not look like success.
 */
export class TapCounter {
  #passed = 0;
  #skipped = 0;
  #failed: string[] = [];
  #why = new Map<string, string[]>();
  #speaking: string[] = [];
  #plan: number | undefined;

  line(line: string): 'passed' | 'failed' | 'skipped' | 'other' {
    const plan = /^1\.\.(\d+)/.exec(line);
    if (plan) this.#plan = Number(plan[1]);
    const test = TEST.exec(line);
    if (!test) {
      if (this.#speaking.length < LINES && /^ {4}/.test(line)) this.#speaking.push(line.slice(0, 400));
      return 'other';
    }
    this.#speaking = [];
    const title = test[2] ?? '';
    if (/ # (?:skip|todo)\b/i.test(title)) {
      this.#skipped += 1;
      return 'skipped';
    }
    if (test[1] === undefined) {
      this.#passed += 1;
      return 'passed';
    }
    this.#failed.push(title);
    this.#why.set(title, this.#speaking);
    return 'failed';
  }

  /** `exit` is the runner's exit status: failing with no failing test is a flaw too. */
  end(exit: number): Tally {
    const [passed, failed, why, skipped] = [this.#passed, this.#failed, this.#why, this.#skipped];
    return {passed, failed, why, skipped, flaw: this.#flaw(exit)};
  }

  #flaw(exit: number): string | undefined {
    const seen = this.#passed + this.#failed.length + this.#skipped;
    if (this.#passed + this.#failed.length === 0) return `no test ran (exit status ${exit})`;
    // AVA counts crashes as tests that were not planned, so more than planned is fine as long as something failed.
    if (this.#plan !== undefined && this.#plan > seen) return `${seen} of ${this.#plan} planned tests were reported`;
    if (this.#plan === undefined) return `the test runner was cut off after ${seen} tests (exit status ${exit})`;
    if (exit !== 0 && this.#failed.length === 0) return `no test failed, but the test runner ended with status ${exit}`;
    return undefined;
  }
}
