import {join} from 'node:path';
import {clone, type Clone} from '../machine/clone.ts';
import type {Template} from '../machine/template.ts';
import type {QemuProcess} from '../qemu/process.ts';
import {evidencePath, SCHEMA, type Cell, type Record} from '../results/record.ts';
import {within} from '../util/deadline.ts';
import {Broken, DeadlineError, messageOf} from '../util/errors.ts';
import type {Case} from './case.ts';
import {Checks} from './checks.ts';
import {evidenceFiles, freshEvidence, transcribed, writeSysroot} from './evidence.ts';
import {CaseGuest} from './guest.ts';
import type {KnownDeviation} from './known.ts';
import {absentNeed} from './needs.ts';
import {judge} from './outcome.ts';
import {Stage} from './stage.ts';

export interface RunCaseOptions {
  /** Run directory. */
  readonly dir: string;
  readonly cell: Cell;
  /** The frozen guest, or why there is none. */
  readonly template: Template | {readonly broken: string};
  readonly known: readonly KnownDeviation[];
}

/** TCG runs a guest many times slower than KVM: every deadline is longer by this factor. */
export const slowness = (accel: 'kvm' | 'tcg'): number => (accel === 'tcg' ? 4 : 1);

const DEFAULT_SECONDS = 30;

/** The whole life of a case: clone, first look, body, evidence, judgement. Always returns a record. */
export async function runCase(entry: Case, options: RunCaseOptions): Promise<Record> {
  const startedAt = new Date();
  const evidence = evidencePath(options.cell.id, entry.id);
  const dir = join(options.dir, evidence);
  await freshEvidence(dir);
  const {template} = options;
  const checks = new Checks();
  const base = {
    schema: SCHEMA as 1,
    case: entry.id,
    title: entry.title,
    claims: [...entry.claims],
    cell: options.cell,
    append: entry.boot?.append ?? '',
    startedAt: startedAt.toISOString(),
    evidence,
  };
  const none = {checks: [], steps: [], facts: {}, known: [], stale: [], console: ''};
  const duration = (): number => Date.now() - startedAt.getTime();
  if ('broken' in template) return {...base, ...none, outcome: 'broken', reason: template.broken, durationMs: duration()};
  const absent = absentNeed(entry.needs ?? [], template.facts);
  if (absent !== undefined) return {...base, ...none, outcome: 'skip', reason: absent, durationMs: duration()};

  const factor = slowness(options.cell.accel);
  const files = evidenceFiles(dir);
  let guest: Clone | undefined;
  let stage: Stage | undefined;
  let error: unknown;
  try {
    guest = await clone(template, {ms: 15_000 * factor, consoleFile: files.console, qmpFile: files.qmp});
    const shells = {shell: transcribed(guest.shell, 'work', files.commands), watch: transcribed(guest.watch, 'watch', files.commands)};
    stage = new Stage({...guest, ...shells}, checks, {shellMs: 15_000 * factor, operationMs: 20_000 * factor}, files.observations);
    await within((entry.seconds ?? DEFAULT_SECONDS) * 1000 * factor, `the case ${entry.id}`, Promise.race([body(entry, stage), guest.vm.console.panic, guest.vm.gone]));
  } catch (thrown) {
    error = thrown;
  }
  if (error instanceof Broken && guest) error = await lastWords(guest.vm, error);
  error = guest?.vm.console.panicked ?? error;
  const made = [...checks.made];
  await guest?.close();
  if (stage && stage.steps.length > 0) await writeSysroot(dir, stage.last);
  // A case without a check of its own is told so by its judgement: the invariants alone don't make it green.
  if (made.length > 0 && stage && stage.held > 0 && stage.violated === 0) {
    made.push({name: 'invariants after every step', expected: 0, actual: stage.violated, ok: true, because: `violations in ${stage.held} comparisons of the three views after ${stage.steps.length} steps`});
  }
  const judged = judge({caseId: entry.id, kernel: template.facts.kernel, guest: options.cell.guest, checks: made, error}, options.known);
  const isGreen = judged.outcome === 'pass' || judged.outcome === 'known';
  return {
    ...base,
    ...judged,
    steps: stage?.steps ?? [],
    facts: checks.facts,
    console: isGreen ? '' : (guest?.vm.console.tail(30) ?? ''),
    durationMs: duration(),
  };
}

async function body(entry: Case, stage: Stage): Promise<void> {
  await stage.begin();
  await entry.body({t: stage.checks, guest: new CaseGuest(stage)});
  if (stage.touched) await stage.look('at the end');
}

/** A closed port or monitor is noticed before QEMU's end, which says why: give it a moment to arrive. */
const lastWords = (vm: QemuProcess, error: Broken): Promise<unknown> =>
  within(1000, 'QEMU still runs', vm.gone).catch((reason: unknown) => (reason instanceof DeadlineError ? error : reason));

/** For callers that must write a record even if the harness itself fails. */
export const brokenReason = (error: unknown): string => `the harness failed: ${messageOf(error)}`;
