import {profiles} from '../../machine/profile.ts';
import {UsageError} from '../../util/errors.ts';
import type {Checks} from '../verdict/checks.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {isNeed, type Need} from './needs.ts';

/** What a case says of itself. Nothing here depends on a guest. */
export interface CaseHead {
  /** One sentence that is true of a guest that passes. */
  readonly title: string;
  /** Ids of suites/claims/*.yaml. */
  readonly claims: readonly string[];
  /** What must be there for a verdict; where it isn't the case is skipped with the reason. */
  readonly needs?: readonly Need[];
  /** Kernel parameters chosen before boot. */
  readonly boot?: {readonly append: string};
  /** Name of the machine profile; the default is q35. */
  readonly machine?: string;
  /**
   * Does the guest move to another QEMU? Its disk is then a file that the other one can open; only one clone may be
   * open.
   */
  readonly moves?: boolean;
  /** Limit of the whole case in seconds under KVM; TCG has more. */
  readonly seconds?: number;
}

export interface CaseContext {
  readonly t: Checks;
  readonly guest: CaseGuest;
  /**
   * A second clone of the same frozen guest, with checks and invariants of its own in the same record: for comparing
   * with a guest that nothing happened to.
   */
  readonly untouched: () => Promise<CaseGuest>;
}

export type CaseBody = (context: CaseContext) => Promise<void>;

export interface Case extends CaseHead {
  /** `suite/name` */
  readonly id: string;
  readonly suite: string;
  readonly body: CaseBody;
}

const registry = new Map<string, Case>();

/**
 * Declares a case. Its id is stable: results of years are compared by it. Throws UsageError where the head can't be
 * used.
 */
export function conformance(id: string, head: CaseHead, body: CaseBody): void {
  const flaw = flawOf(id, head);
  if (flaw !== undefined) throw new UsageError(`case "${id}": ${flaw}`);
  registry.set(id, {...head, id, suite: id.slice(0, id.indexOf('/')), body});
}

/**
 * What is wrong with a case's head. Suites run without their types being looked at, so nothing is taken for granted.
 */
function flawOf(id: string, {title, claims, needs = [], machine}: Partial<CaseHead>): string | undefined {
  if (!/^[a-z][a-z0-9]*\/[a-z0-9][a-z0-9-]*$/.test(id))
    return 'its id is to be suite/name in lower case, such as online/movable';
  if (registry.has(id)) return 'another case has this id already; an id is for one case, and for ever';
  if (typeof title !== 'string' || title === '')
    return 'it has no title: one sentence that is true of a guest that passes';
  if (!claims?.length) return 'it tests no claim; name at least one of suites/claims/*.yaml in `claims`';
  const unknown = needs.find((need) => !isNeed(need));
  if (unknown !== undefined)
    return `there is no need "${unknown}"; lib/conformance/runner/needs.ts has those that there are`;
  if (machine !== undefined && !profiles.some(({name}) => name === machine))
    return `there is no machine profile "${machine}"; there are ${profiles.map(({name}) => name).join(', ')}`;
  return undefined;
}

/** Every declared case, by id. */
export const cases: ReadonlyMap<string, Case> = registry;
