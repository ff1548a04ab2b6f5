import type {Outcome} from '../results/record.ts';
import {readRecordOf} from '../results/store.ts';
import {countOutcomes} from '../results/summary.ts';
import {stopwatch} from '../util/clock.ts';
import {messageOf} from '../util/errors.ts';
import type {Log} from '../util/log.ts';
import {clean} from '../util/text.ts';

/** Tells people how a run goes, on stderr: a living line on a terminal, plain lines elsewhere. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #living: boolean;
  readonly #outcomes: {outcome: Outcome}[] = [];
  #total = 0;
  #done = 0;
  #dir = '';
  #line = '';
  #sinceStart = stopwatch();
  #shown: Promise<void> = Promise.resolve();

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
    this.#living = out.isTTY && process.env['TERM'] !== 'dumb';
  }

  /** One line that stays. */
  readonly log: Log = (line) => {
    this.#erase();
    this.#out.write(`memhp: ${line}\n`);
    this.#draw(this.#line);
  };

  start(total: number, dir: string): void {
    this.#total = total;
    this.#dir = dir;
    this.#sinceStart = stopwatch();
  }

  /**
   * A case has ended. `failure` is what the runner says of one that failed, for where there is no record that says it
   * better.
   */
  ended(title: string, failure: string | undefined): void {
    this.#done += 1;
    const place = `${String(this.#done).padStart(String(this.#total).length)}/${this.#total}`;
    this.#shown = this.#shown.then(() => this.#show(place, title, failure));
  }

  /** Ends the living line, when all that has ended is shown. */
  async stop(): Promise<void> {
    await this.#shown;
    this.#erase();
    this.#line = '';
  }

  async #show(place: string, title: string, failure: string | undefined): Promise<void> {
    const [cell = '', id = ''] = title.split(' ');
    const {outcome, reason, durationMs} = await this.#recordOf(cell, id, failure);
    this.#outcomes.push({outcome});
    const why = clean(reason.split('\n')[0] ?? '');
    if (this.#living) {
      const counts = Object.entries(countOutcomes(this.#outcomes))
        .filter(([, n]) => n > 0)
        .map(([name, n]) => `${n} ${name}`)
        .join(', ');
      this.#erase();
      if (outcome === 'fail' || outcome === 'broken') this.#out.write(`${outcome.padEnd(6)} ${title}: ${why}\n`);
      this.#draw(`${place} · ${counts} · ${(this.#sinceStart() / 1000).toFixed(0)} s · ${title}`);
    } else
      this.#out.write(
        `${place} ${outcome.padEnd(6)} ${title} (${(durationMs / 1000).toFixed(1)} s)${why ? `: ${why}` : ''}\n`,
      );
  }

  /** A case without a record has no verdict, and is shown with what is known of the reason. */
  async #recordOf(
    cell: string,
    id: string,
    failure = 'it ended without a record',
  ): Promise<{outcome: Outcome; reason: string; durationMs: number}> {
    try {
      return (await readRecordOf(this.#dir, cell, id)) ?? {outcome: 'broken', reason: failure, durationMs: 0};
    } catch (error) {
      return {outcome: 'broken', reason: `its record can't be read: ${messageOf(error)}`, durationMs: 0};
    }
  }

  #erase(): void {
    if (this.#living && this.#line) this.#out.write('\r\u001B[K');
  }

  #draw(line: string): void {
    this.#line = line;
    if (this.#living && line) this.#out.write(line.slice(0, (this.#out.columns || 80) - 1));
  }
}
