import {parse} from 'yaml';

/** What somebody wants to hear of a TAP stream. */
export interface TapListener {
  /** A test has ended; `failure` is what it threw or failed with, in its own words: empty where it said nothing. */
  readonly test: (title: string, failure: string | undefined) => void;
}

/** Reads AVA's TAP line by line. A failed test is told when what it says of itself is complete. */
export class TapReader {
  readonly #listener: TapListener;
  /** The failed test whose words are still coming. */
  #failed: {readonly title: string; readonly lines: string[]} | undefined;

  constructor(listener: TapListener) {
    this.#listener = listener;
  }

  line(line: string): void {
    if (this.#failed && /^\s/.test(line)) {
      this.#failed.lines.push(line);
      return;
    }
    this.end();
    const [, not, title] = /^(not )?ok \d+ - (.*?)(?: # .*)?$/.exec(line) ?? [];
    if (title === undefined) return;
    if (not === undefined) this.#listener.test(title, undefined);
    else this.#failed = {title, lines: []};
  }

  /** The stream has ended, wherever. */
  end(): void {
    if (!this.#failed) return;
    const {title, lines} = this.#failed;
    this.#failed = undefined;
    this.#listener.test(title, wordsOf(lines));
  }
}

/** The message in the YAML block below a failed test; the block itself where it has none, or is none. */
function wordsOf(lines: readonly string[]): string {
  const text = lines.filter((line) => !/^ +(?:---|\.\.\.)$/.test(line)).join('\n');
  try {
    const {message, name} = parse(text) as {message?: unknown; name?: unknown};
    if (typeof message === 'string' && message !== '')
      return typeof name === 'string' && !/^(?:AssertionError|Error|Broken)$/.test(name)
        ? `${name}: ${message}`
        : message;
  } catch {
    // a line that AVA did not quote: the words are there all the same
  }
  return text.trim();
}
