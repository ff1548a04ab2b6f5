/** What a TAP stream says, and what is wrong with it as a whole. */
export interface Tally {
  passed: number;
  failed: string[];
  skipped: number;
  /** Why the stream proves nothing although no test failed; undefined when it is whole. */
  flaw: string | undefined;
}

const TEST = /^(not )?ok\b[ \d]*(?:- )?(.*)$/;

/**
 * Counts a TAP stream line by line. It is whole only when it has at least one test and ends with a plan that
 * agrees: a runner that crashed, or found nothing to run, must not look like success.
 */
export class TapCounter {
  #passed = 0;
  #skipped = 0;
  #failed: string[] = [];
  #plan: number | undefined;

  line(line: string): 'passed' | 'failed' | 'skipped' | 'other' {
    const plan = /^1\.\.(\d+)/.exec(line);
    if (plan) this.#plan = Number(plan[1]);
    const test = TEST.exec(line);
    if (!test) return 'other';
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
    return 'failed';
  }

  /** `exit` is the runner's exit status: failing with no failing test is a flaw too. */
  end(exit: number): Tally {
    return {passed: this.#passed, failed: this.#failed, skipped: this.#skipped, flaw: this.#flaw(exit)};
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
