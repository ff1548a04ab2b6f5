import {mkdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {guestBoard} from '../../machine/board/board.ts';
import {boardOf} from '../../machine/board/boards.ts';
import {fixedParameters} from '../../image/image.ts';
import {clone, type Clone} from '../../machine/clone.ts';
import {lastingDisk, launchSuccessor, type Successor} from '../../machine/successor.ts';
import type {Template} from '../../machine/template.ts';
import {evidencePath, SCHEMA, type Cell, type Check, type Record} from '../../results/record.ts';
import {stopwatch} from '../../util/clock.ts';
import {messageOf} from '../../util/errors.ts';
import type {Case} from './case.ts';
import {evidenceFiles, freshEvidence, EvidenceRecorder, writeSysroot} from './evidence.ts';
import type {KnownDeviation} from '../verdict/known.ts';
import {absentNeed} from './needs.ts';
import {judge, type Judgement} from '../verdict/outcome.ts';
import {execute, type Execution} from './execute.ts';
import type {Session} from './session.ts';

/**
 * Why there is no frozen guest: it didn't come up; its machine can't have what the profile asks for; or no case could
 * run on it, each for a reason of its own, as the same kernel has told elsewhere.
 */
export type Unbooted =
  | {readonly broken: string}
  | {readonly absent: string | Readonly<{[caseId: string]: string}>; readonly kernel?: string};

export interface RunCaseOptions {
  /** Run directory. */
  readonly dir: string;
  readonly cell: Cell;
  /** The frozen guest, or why there is none. */
  readonly template: Template | Unbooted;
  readonly known: readonly KnownDeviation[];
  /** Every deadline is longer by this factor; 1 where it is left out. */
  readonly patience?: number | undefined;
}

/** TCG runs a guest many times slower than KVM: every deadline is longer by this factor. */
export const slowness = (accel: 'kvm' | 'tcg'): number => (accel === 'tcg' ? 4 : 1);

const DEFAULT_SECONDS = 30;

/** The whole life of a case: clone, first look, body, evidence, judgement. Always returns a record. */
export async function runCase(entry: Case, options: RunCaseOptions): Promise<Record> {
  const startedAt = new Date();
  const duration = stopwatch();
  const evidence = evidencePath(options.cell.id, entry.id);
  const dir = join(options.dir, evidence);
  await freshEvidence(dir);
  const {template} = options;
  const base = {
    schema: SCHEMA as 2,
    case: entry.id,
    title: entry.title,
    claims: [...entry.claims],
    cell: options.cell,
    append: entry.boot?.append ?? '',
    ...('config' in template && template.config.udevdAlone === true ? {udevdAlone: true as const} : {}),
    startedAt: startedAt.toISOString(),
    evidence,
  };
  const none = {checks: [], steps: [], facts: {}, known: [], stale: [], console: ''};
  if ('broken' in template)
    return {...base, ...none, outcome: 'broken', reason: template.broken, durationMs: duration()};
  if ('absent' in template) {
    const {absent: why} = template;
    const reason = typeof why === 'string' ? why : why[entry.id];
    if (reason === undefined) throw new Error(`the boot that ${entry.id} needs was left out, and nothing says why`);
    return {...base, ...none, outcome: 'skip', reason, durationMs: duration()};
  }
  const {image} = template.config;
  const fixed = entry.boot && fixedParameters(image);
  const absent =
    (fixed === undefined ? undefined : `the case boots with "${base.append}", and ${fixed}`) ??
    absentNeed(entry.needs ?? [], {
      facts: template.facts,
      board: guestBoard(boardOf(image.arch), template.config.profile.ram, template.facts.page),
      vmm: {...options.cell.vmm, models: template.qemu.models},
      accel: template.config.accel,
      disk: image.disk !== undefined,
      nodes: template.config.profile.nodes.length,
    });
  if (absent !== undefined) return {...base, ...none, outcome: 'skip', reason: absent, durationMs: duration()};

  const factor = slowness(options.cell.accel) * (options.patience ?? 1);
  const recorder = new EvidenceRecorder(dir);
  const filesDir = join(dir, 'files');
  await mkdir(filesDir, {mode: 0o700}); // the guest's memory
  const disk = entry.moves === true ? await lastingDisk(template, filesDir) : undefined;
  const open = async (prefix: string, successor?: Successor): Promise<Clone> => {
    const launched = {
      ms: 15_000 * factor,
      consoleFile: evidenceFiles(dir, prefix).console,
      transcript: recorder.qmp(prefix),
      filesDir,
      disk,
    };
    return recorder.clone(
      await (successor ? launchSuccessor(template, successor, launched) : clone(template, launched)),
      prefix,
    );
  };
  const execution = await execute(entry, {
    open,
    observations: (prefix) => evidenceFiles(dir, prefix).observations,
    limits: {shellMs: 15_000 * factor, operationMs: 20_000 * factor},
    ms: (entry.seconds ?? DEFAULT_SECONDS) * 1000 * factor,
  });
  await rm(filesDir, {recursive: true});
  const {
    sessions: [session],
    console,
  } = execution;
  if (session && session.steps.length > 0) await writeSysroot(dir, session.last);
  const judged = verdict(entry, execution, {
    kernel: template.facts.kernel,
    guest: options.cell.guest,
    known: options.known,
  });
  const isGreen = judged.outcome === 'pass' || judged.outcome === 'known';
  return {
    ...base,
    ...judged,
    steps: session?.steps ?? [],
    facts: execution.checks.facts,
    ...(execution.checks.notJudged.length > 0 ? {notJudged: [...execution.checks.notJudged]} : {}),
    console: isGreen ? '' : console,
    durationMs: duration(),
  };
}

/** What a case that was executed says of its guest. */
export const verdict = (
  {id}: Case,
  {checks, sessions, error}: Execution,
  {known, ...guest}: {kernel: string; guest: string; known: readonly KnownDeviation[]},
): Judgement => {
  const terms = sessions[0]?.terms;
  return judge({caseId: id, ...guest, checks: withInvariants(checks.made, sessions), terms, error}, known);
};

/** Name of the check that counts the invariants. */
export const INVARIANTS = 'invariants after every step';

/**
 * Counts the invariants that holding as one check; a case without a check of its own is told so by its judgement: they
 * alone don't make it green.
 */
function withInvariants(made: readonly Check[], sessions: readonly Session[]): Check[] {
  const [holding, violated, steps] = [
    sum(sessions, ({holding}) => holding),
    sum(sessions, ({violated}) => violated),
    [...new Set(sessions.map(({steps}) => steps))].reduce((total, steps) => total + steps.length, 0),
  ];
  if (made.length === 0 || holding === 0 || violated > 0) return [...made];
  return [
    ...made,
    {
      name: INVARIANTS,
      expected: 0,
      actual: violated,
      ok: true,
      because: `violations in ${holding} comparisons of the three views after ${steps} steps`,
    },
  ];
}

const sum = (sessions: readonly Session[], of: (session: Session) => number): number =>
  sessions.reduce((total, session) => total + of(session), 0);

/** For callers that must write a record even if the harness itself fails. */
export const brokenReason = (error: unknown): string => `the harness failed: ${messageOf(error)}`;
