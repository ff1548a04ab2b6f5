import {readRecords} from '../results/store.ts';
import {countOutcomes} from '../results/summary.ts';
import {stopwatch} from '../util/clock.ts';
import type {Log} from '../util/log.ts';

/** Tells people how a run goes, on stderr: a living line on a terminal, plain lines elsewhere. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #living: boolean;
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

  ended(title: string): void {
    this.#done += 1;
    const place = `${String(this.#done).padStart(String(this.#total).length)}/${this.#total}`;
    this.#shown = this.#shown.then(() => this.#show(place, title)).catch(() => undefined); // a record that can't be read is the report's business
  }

  /** Ends the living line, when all that has ended is shown. */
  async stop(): Promise<void> {
    await this.#shown;
    this.#erase();
    this.#line = '';
  }

  async #show(place: string, title: string): Promise<void> {
    const [cell = '', id = ''] = title.split(' ');
    const records = await readRecords(this.#dir);
    const record = records.find((one) => one.cell.id === cell && one.case === id);
    if (!record) return;
    const seconds = `${(record.durationMs / 1000).toFixed(1)} s`;
    if (this.#living) {
      const counts = Object.entries(countOutcomes(records)).filter(([, n]) => n > 0).map(([outcome, n]) => `${n} ${outcome}`).join(', ');
      this.#erase();
      if (record.outcome === 'fail' || record.outcome === 'broken') this.#out.write(`${record.outcome.padEnd(6)} ${title}: ${record.reason.split('\n')[0] ?? ''}\n`);
      this.#draw(`${place} · ${counts} · ${(this.#sinceStart() / 1000).toFixed(0)} s · ${title}`);
    } else this.#out.write(`${place} ${record.outcome.padEnd(6)} ${title} (${seconds})${record.reason ? `: ${record.reason.split('\n')[0] ?? ''}` : ''}\n`);
  }

  #erase(): void {
    if (this.#living && this.#line) this.#out.write('\r\u001B[K');
  }

  #draw(line: string): void {
    this.#line = line;
    if (this.#living && line) this.#out.write(line.slice(0, (this.#out.columns || 80) - 1));
  }
}
