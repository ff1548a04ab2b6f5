import {PassThrough} from 'node:stream';
import {SerialConsole} from '../../lib/console/console.ts';
import {findIn} from '../../lib/conformance/runner/evidence.ts';
import {boardOf} from '../../lib/machine/board/boards.ts';
import {QemuVmm} from '../../lib/vmm/qemu/qemu.ts';
import type {Clone} from '../../lib/machine/clone.ts';
import {QmpError, type Qmp} from '../../lib/vmm/qemu/qmp/client.ts';
import {EventLog, type QmpEvent} from '../../lib/vmm/qemu/qmp/events.ts';
import type {Shell} from '../../lib/shell/shell.ts';
import {sleepersClock} from '../../lib/util/clock.ts';
import {Broken} from '../../lib/util/errors.ts';
import {exactNumber} from '../../lib/util/number.ts';
import type {Answer, Entry, NoAnswer, QmpAnswer, QmpEntry, Recording, ScriptEntry} from './recording.ts';
import {questionOf} from './recording.ts';
import type {Timeline} from './timeline.ts';

/**
 * The case asked for something that the record doesn't have at this place: it can't be told what it would have been.
 */
export class Diverged extends Broken {
  override name = 'Diverged';
}

/** Answers that stand in for recorded ones. */
export type Answers = ReadonlyMap<Entry, Answer>;

/** A clone that answers what is in the record, in its order; `answers` are told instead of the recorded ones. */
export function recordedClone(
  {clones, entries}: Recording,
  prefix: string,
  timeline: Timeline,
  answers: Answers,
): Clone {
  const head = clones.get(prefix);
  if (!head) throw new Diverged(`the replay has left the record: it opens a clone "${prefix}"`);
  const own = entries.filter(({clone}) => clone === prefix);
  const shells = own.filter((entry) => entry.kind === 'script');
  const shell = (port: string): Shell => {
    const ask = inOrder(
      shells.filter((entry) => entry.port === port),
      timeline,
      answers,
    );
    return {kind: 'port', close: () => undefined, run: ask};
  };
  const host = shell('host');
  return {
    template: {facts: head.facts, config: head.config},
    vmm: new QemuVmm(new RecordedQmp(own, head.n, timeline, answers), boardOf(head.config.image.arch)),
    vm: {console: new SerialConsole(new PassThrough()), gone: new Promise<never>(() => undefined)},
    shell: shell('work'),
    watch: shell('watch'),
    hostFile: async (name) => (await host.run(name, 0)).stdout,
    hostFind: async (name, text) =>
      exactNumber((await host.run(findIn(name, text), 0)).stdout, `how often a text is in ${name}`),
    // A replay's limits are a sixteenth of a case's under TCG: what was slept until a deadline in the record fits.
    clock: sleepersClock(1 / 16),
    close: () => Promise.resolve(),
  };
}

/**
 * Answers questions with what was answered to the same ones, in the same order. Where nothing wrong was told, the case
 * must ask all of it again. Else it may leave out what it did in the record; and when it asks again and again for
 * something that doesn't come, it is told the same again and again.
 */
function inOrder<E extends ScriptEntry | QmpEntry>(
  entries: readonly E[],
  timeline: Timeline,
  answers: Answers,
): (question: string) => Promise<Exclude<E['answer'], NoAnswer>> {
  let at = 0;
  const next = (question: string): E | undefined => {
    if (answers.size === 0) return entries[at]?.question === question ? entries[at] : undefined;
    const later = entries.slice(at).find((one) => one.question === question);
    return later ?? (entries[at - 1]?.question === question ? entries[at - 1] : undefined);
  };
  return async (question) => {
    const entry = next(question);
    if (!entry)
      throw new Diverged(
        `the replay has left the record: asked "${short(question)}", where the record has ` +
          `"${short(entries[at]?.question ?? 'nothing more')}"`,
      );
    at = entries.indexOf(entry) + 1;
    await timeline.until(entry.end);
    const answer = (answers.get(entry) ?? entry.answer) as E['answer'];
    if ('lost' in answer) throw new Broken(answer.lost);
    return answer as Exclude<E['answer'], NoAnswer>;
  };
}

const short = (text: string): string => text.trim().replaceAll(/\s+/g, ' ').slice(0, 120);

class RecordedQmp implements Qmp {
  readonly events: EventLog;
  readonly #ask: (question: string) => Promise<QmpAnswer>;
  readonly #wrong: boolean;

  constructor(own: readonly Entry[], opened: number, timeline: Timeline, answers: Answers) {
    const events = new RecordedEvents(timeline);
    for (const entry of own) {
      if (entry.kind !== 'event') continue;
      const tell = (): void => {
        for (const event of (answers.get(entry) ?? entry.answer) as readonly QmpEvent[]) events.add(event);
      };
      if (entry.n < opened) tell();
      else timeline.comes(entry.n, tell);
    }
    this.events = events;
    this.#wrong = answers.size > 0;
    this.#ask = inOrder(
      own.filter((entry): entry is QmpEntry => entry.kind === 'qmp' && entry.n > opened),
      timeline,
      answers,
    );
  }

  async execute(command: string, args: object = {}): Promise<unknown> {
    const answer = await this.#ask(questionOf(command, args)).catch((error: unknown): QmpAnswer => {
      // After something wrong was told a case may do what it didn't do in the record: it works, and what comes of it is
      // recorded nowhere.
      if (error instanceof Diverged && this.#wrong && !/^(?:query-|human-)/.test(command)) return {return: {}};
      throw error;
    });
    for (const event of answer.first ?? []) this.events.add(event);
    if ('error' in answer) throw new QmpError(command, answer.error.class, answer.error.desc);
    return answer.return;
  }

  async hmp(line: string): Promise<string> {
    return String(await this.execute('human-monitor-command', {'command-line': line})).trim();
  }
}

/** Events become visible as the record goes on; a wait goes on with the record until it has what it waits for. */
class RecordedEvents extends EventLog {
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    super();
    this.#timeline = timeline;
  }

  override async next(mark: number, what: string, match: (event: QmpEvent) => boolean): Promise<QmpEvent> {
    const look = (): QmpEvent | undefined => this.since(mark).find(match);
    return look() ?? this.#timeline.find(`event ${what}`, look);
  }
}
