import type {Case} from '../../lib/conformance/runner/case.ts';
import type {KnownDeviation} from '../../lib/conformance/verdict/known.ts';
import type {Recording} from './recording.ts';

/** A case with what was recorded of it. */
export interface RecordedCase {
  readonly entry: Case;
  readonly recording: Recording;
  readonly on: {readonly kernel: string; readonly guest: string; readonly known: readonly KnownDeviation[]};
}
