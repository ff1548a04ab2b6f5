import type {Case} from '../../lib/conformance/runner/case.ts';
import type {ReplayOptions} from '../../lib/conformance/verdict/checks.ts';
import {execute, type Execution} from '../../lib/conformance/runner/execute.ts';
import {parseObservation} from '../../lib/guest/observation.ts';
import {recordedClone, type Answers} from './clone.ts';
import type {Recording} from './recording.ts';
import {Timeline} from './timeline.ts';

const NONE: Answers = new Map();

/** The newest observations by their text: a case is replayed with one of them changed, many times. */
const parsed = new Map<string, ReturnType<typeof parseObservation>>();
const KEEP = 200;

function parse(text: string): ReturnType<typeof parseObservation> {
  const known = parsed.get(text);
  if (known) return known;
  const [oldest] = parsed.keys();
  if (parsed.size >= KEEP && oldest !== undefined) parsed.delete(oldest);
  const fresh = parseObservation(text);
  parsed.set(text, fresh);
  return fresh;
}

/** What a replay may leave out. */
export interface Less {
  /** Are the invariants left out at this place of the record? */
  readonly skipInvariants?: ((place: number) => boolean) | undefined;
  /** Does this failed check end the case, because no more needs to be known? */
  readonly isEnough?: ReplayOptions['isEnough'];
}

/** Executes a case's body against what a run recorded; `answers` are told instead of the recorded ones. */
export function replay(
  entry: Case,
  recording: Recording,
  answers: Answers = NONE,
  {skipInvariants = () => false, isEnough}: Less = {},
): Promise<Execution> {
  const timeline = new Timeline();
  return execute(entry, {
    open: (prefix) => Promise.resolve(recordedClone(recording, prefix, timeline, answers)),
    look: {parse, skipInvariants: () => skipInvariants(timeline.place)},
    replayed: {place: () => timeline.place, isEnough},
    // Nothing waits in a replay: the limits are for a case that would wait for something that isn't in the record.
    limits: {shellMs: 10_000, operationMs: 10_000},
    ms: 600_000, // a case that lints a whole root computes for seconds, and for minutes at the lowest priority on a busy host
    graceMs: 0,
  });
}
