import {readFile, readdir} from 'node:fs/promises';
import {z} from 'zod';
import {evidenceFiles, type CloneHead} from '../../lib/conformance/runner/evidence.ts';
import type {QmpEvent} from '../../lib/vmm/qemu/qmp/events.ts';
import {message} from '../../lib/vmm/qemu/qmp/schemas.ts';
import type {ShellResult} from '../../lib/shell/shell.ts';
import {UsageError} from '../../lib/util/errors.ts';
import {readIfThere} from '../../lib/util/files.ts';

/**
 * What QEMU's monitor answered to a command. `first`: events that come just before it, only where a fault made it so.
 */
export type QmpAnswer = (
  {readonly return: unknown} | {readonly error: {readonly class: string; readonly desc: string}}
) & {readonly first?: readonly QmpEvent[]};
/** A way that was lost, or a deadline. */
export interface NoAnswer {
  readonly lost: string;
}

interface Place {
  /** Prefix of the clone's evidence files: '' for the case's guest. */
  readonly clone: string;
  /** Place in the order of all that was asked and answered in the case. */
  readonly n: number;
  /** Place of the answer in the same order; Infinity where none came. */
  readonly end: number;
  /** The same in each run of the case: what was asked, and the how-many-eth time. */
  readonly label: string;
}

/** A script that the guest ran, or a file that was read on the host. */
export interface ScriptEntry extends Place {
  readonly kind: 'script';
  readonly port: string;
  readonly question: string;
  readonly answer: ShellResult | NoAnswer;
}

export interface QmpEntry extends Place {
  readonly kind: 'qmp';
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly question: string;
  readonly answer: QmpAnswer | NoAnswer;
}

export interface EventEntry extends Place {
  readonly kind: 'event';
  /** The event; several or none only where a fault made it so. */
  readonly answer: readonly QmpEvent[];
}

/** One thing that a case was told. */
export type Entry = ScriptEntry | QmpEntry | EventEntry;
export type Answer = Entry['answer'];

/** All that one case was told, by the clones that it opened. */
export interface Recording {
  readonly clones: ReadonlyMap<string, CloneHead>;
  /** In the order in which they were asked, or came. */
  readonly entries: readonly Entry[];
}

/** Script of an observation. */
export const OBSERVE = 'memhp_observe';

const commandLine = z.object({
  n: z.number(),
  end: z.number(),
  port: z.string(),
  script: z.string(),
  status: z.number().optional(),
  stdout: z.string().optional(),
  stderr: z.string().optional(),
  error: z.string().optional(),
});
const qmpLine = z.object({
  n: z.number(),
  in: message.optional(),
  out: z
    .object({execute: z.string(), arguments: z.record(z.string(), z.unknown()).default({}), id: z.number()})
    .optional(),
});

/**
 * Reads a case's evidence directory. Throws UsageError where it isn't a whole record, as of a run before there were
 * any.
 */
export async function readRecording(dir: string): Promise<Recording> {
  const names = await readdir(dir).catch(() => []);
  const prefixes = names.flatMap((name) => /^(.*)clone\.json$/.exec(name)?.[1] ?? []);
  if (!prefixes.includes('')) throw new UsageError(`${dir}: no recorded clone`);
  const clones = new Map<string, CloneHead>();
  const entries: Entry[] = [];
  for (const prefix of prefixes) {
    const files = evidenceFiles(dir, prefix);
    const head = JSON.parse(await readFile(files.clone, 'utf8')) as Partial<CloneHead>;
    if (head.config?.image === undefined)
      throw new UsageError(
        `${files.clone}: recorded by an older memhp, whose records can't be replayed; run the case again`,
      );
    clones.set(prefix, head as CloneHead);
    entries.push(
      ...scripts(prefix, await lines(files.commands, commandLine)),
      ...monitor(prefix, await lines(files.qmp, qmpLine)),
    );
  }
  return {clones, entries: labelled(entries.sort((a, b) => a.n - b.n))};
}

async function lines<T>(file: string, schema: z.ZodType<T>): Promise<T[]> {
  const text = (await readIfThere(file)) ?? '';
  return text
    .split('\n')
    .filter(Boolean)
    .map((line, i) => {
      const parsed = schema.safeParse(JSON.parse(line));
      if (!parsed.success) throw new UsageError(`${file}:${i + 1}: ${z.prettifyError(parsed.error)}`);
      return parsed.data;
    });
}

const scripts = (clone: string, found: readonly z.infer<typeof commandLine>[]): ScriptEntry[] =>
  found.map(({n, end, port, script, status, stdout = '', stderr = '', error = 'no answer'}) => ({
    kind: 'script',
    clone,
    n,
    end,
    port,
    question: script,
    label: `${port} ${script}`,
    answer: status === undefined ? {lost: error} : {status, stdout, stderr},
  }));

function monitor(clone: string, found: readonly z.infer<typeof qmpLine>[]): Entry[] {
  const replies = new Map<number, {n: number; answer: QmpAnswer}>();
  for (const {n, in: line} of found) {
    if (line === undefined || 'QMP' in line || 'event' in line || line.id === undefined) continue;
    replies.set(line.id, {n, answer: 'error' in line ? {error: line.error} : {return: line.return}});
  }
  return found.flatMap(({n, in: line, out}): Entry[] => {
    if (line !== undefined && 'event' in line)
      return [{kind: 'event', clone, n, end: n, label: `event ${line.event}`, answer: [line]}];
    if (out === undefined) return [];
    const {execute: command, arguments: args, id} = out;
    const reply = replies.get(id);
    const question = questionOf(command, args);
    return [
      {
        kind: 'qmp',
        clone,
        n,
        end: reply?.n ?? Infinity,
        command,
        args,
        question,
        label: question,
        answer: reply?.answer ?? {lost: `QMP command ${command} has no answer`},
      },
    ];
  });
}

/** A command as one text, to compare. */
export const questionOf = (command: string, args: object): string => `${command} ${JSON.stringify(args)}`;

/** Labels get the clone, lose what mktemp made up, are cut, and are numbered where they come again. */
function labelled(entries: readonly Entry[]): Entry[] {
  const seen = new Map<string, number>();
  return entries.map((entry) => {
    const words =
      entry.label === `work ${OBSERVE}`
        ? 'observation'
        : entry.label
            .replaceAll(/\s+/g, ' ')
            .replaceAll(/(memhp\.hold)\.\w{6}/g, '$1')
            .trim();
    const label = `${entry.clone}${words.length > 120 ? `${words.slice(0, 120)}…` : words}`;
    const count = (seen.get(label) ?? 0) + 1;
    seen.set(label, count);
    return {...entry, label: `${label} #${count}`};
  });
}
