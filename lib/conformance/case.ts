import type {Checks} from './checks.ts';
import type {CaseGuest} from './guest.ts';
import type {Need} from './needs.ts';

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
  /** Does the guest move to another QEMU? Its disk is then a file that the other one can open; only one clone may be open. */
  readonly moves?: boolean;
  /** Limit of the whole case in seconds under KVM; TCG has more. */
  readonly seconds?: number;
}

export interface CaseContext {
  readonly t: Checks;
  readonly guest: CaseGuest;
  /** A second clone of the same frozen guest, with checks and invariants of its own in the same record: for comparing with a guest that nothing happened to. */
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

/** Declares a case. Its id is stable: results of years are compared by it. */
export function conformance(id: string, head: CaseHead, body: CaseBody): void {
  const match = /^([a-z][a-z0-9]*)\/[a-z0-9][a-z0-9-]*$/.exec(id);
  if (!match) throw new Error(`case id "${id}": wanted suite/name in lower case`);
  if (registry.has(id)) throw new Error(`case id "${id}" is declared twice`);
  if (head.claims.length === 0) throw new Error(`case "${id}" tests no claim`);
  registry.set(id, {...head, id, suite: match[1] ?? '', body});
}

/** Every declared case, by id. */
export const cases: ReadonlyMap<string, Case> = registry;
