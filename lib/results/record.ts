import {z} from 'zod';

/** Version of the file formats below. A reader refuses a newer one, and reads the older ones (upgraded.ts). */
export const SCHEMA = 2;

export const outcomes = ['pass', 'fail', 'skip', 'known', 'broken'] as const;
export const outcome = z.enum(outcomes);

/** What was run on: one square of the matrix. `id` names its directory in a run. */
export const cell = z.object({
  id: z.string().regex(/^[a-zA-Z0-9][\w.+-]*$/),
  guest: z.string(),
  distro: z.string(),
  release: z.string(),
  /** The architecture by Debian's name: amd64. */
  arch: z.string(),
  /** `uname -r` of the guest; empty where the guest never came up. */
  kernel: z.string(),
  /** Name of the machine profile. */
  machine: z.string(),
  accel: z.enum(['kvm', 'tcg']),
  /** The hypervisor, e.g. qemu, and its version, e.g. 7.2.22. */
  vmm: z.object({name: z.string(), version: z.string()}),
});

/**
 * One assertion. `because` derives the expected value; `known` names the recorded deviation that explains a failure.
 */
export const check = z.object({
  name: z.string(),
  expected: z.json(),
  actual: z.json(),
  ok: z.boolean(),
  because: z.string().optional(),
  /** Title of the step after which it was made. */
  step: z.string().optional(),
  known: z.string().optional(),
});

/** A memory block as it was seen: state online, offline or going-offline; zones as valid_zones has them. */
export const blockSeen = z.object({
  id: z.number().int(),
  state: z.string(),
  zones: z.string(),
  node: z.number().int().nullable(),
  /** QEMU id of the memory device that provides it; null for boot memory. */
  device: z.string().nullable(),
});

/** What a verb did, how long it took, and the memory afterwards. */
export const step = z.object({
  title: z.string(),
  /** Milliseconds since the case started. */
  atMs: z.number(),
  durationMs: z.number(),
  memTotalKiB: z.number().nullable(),
  blocks: z.array(blockSeen),
  /** Kernel messages that appeared during the step. */
  kernelLog: z.array(z.string()),
});

/** One case on one cell: the file records/<cell>/<suite>__<case>.json. */
export const record = z.object({
  schema: z.literal(SCHEMA),
  case: z.string(),
  title: z.string(),
  claims: z.array(z.string()),
  cell,
  /** Kernel parameters the case asked for; empty for the guest as it is. */
  append: z.string(),
  /** Did udevd alone come up, without the distribution's services? */
  udevdAlone: z.literal(true).optional(),
  outcome,
  /** Why it is not a pass, in one or a few sentences; empty for pass. */
  reason: z.string(),
  checks: z.array(check),
  steps: z.array(step),
  /** What the guest does, for the compatibility table: not judged. */
  facts: z.record(z.string(), z.json()),
  /** Recorded deviations that explain the failed checks: id, explanation, link. */
  known: z.array(z.object({id: z.string(), explanation: z.string(), link: z.string()})),
  /** Recorded deviations that should have happened here and did not. */
  stale: z.array(z.string()),
  /** Last lines of the serial console; kept where the outcome is fail or broken. */
  console: z.string(),
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  /** Directory of the evidence, relative to the run directory. */
  evidence: z.string(),
  /** Invariants that could not be judged in full after a step, and why: they hold nothing back silently. */
  notJudged: z.array(z.object({name: z.string(), step: z.string(), because: z.string()})).optional(),
  /** Did the case never come to an end? Then the record says why, and nothing of the guest. */
  unfinished: z.boolean().optional(),
});

/** A guest's kernel: `uname -r`, and its config; null where the guest keeps no copy of it. */
export const kernelSeen = z.object({
  arch: z.string(),
  kernel: z.string(),
  /** Bytes of a base page, as the guest says. */
  page: z.number().optional(),
  config: z.record(z.string(), z.string()).nullable(),
  /** Options that it says are not set; one that is in neither the config doesn't name. */
  unset: z.array(z.string()).optional(),
});

/** run.json: what was asked for, so that a case without a record is seen as missing. */
export const run = z.object({
  schema: z.literal(SCHEMA),
  memhp: z.string(),
  startedAt: z.iso.datetime(),
  /** The guests, in the order asked for. */
  guests: z.array(z.string()),
  planned: z.array(z.object({cell: z.string(), case: z.string(), title: z.string(), claims: z.array(z.string())})),
  cells: z.array(cell),
  host: z.object({cpu: z.string(), cores: z.number(), memoryMiB: z.number(), accelReason: z.string()}),
  /** The kernels that the guests came up with: the options of their configs as far as they have to do with memory. */
  kernels: z.array(kernelSeen).optional(),
  /** What went wrong beside the cases, in its own words: with it nothing is sure. */
  trouble: z.array(z.string()).optional(),
});

/** `QEMU 7.2.22`: the hypervisor's name as its makers write it. */
export const vmmText = ({vmm: {name, version}}: Pick<Cell, 'vmm'>): string =>
  `${name === 'qemu' ? 'QEMU' : name} ${version}`;

export type Outcome = z.infer<typeof outcome>;
export type Cell = z.infer<typeof cell>;
export type Check = z.infer<typeof check>;
export type BlockSeen = z.infer<typeof blockSeen>;
export type Step = z.infer<typeof step>;
export type Record = z.infer<typeof record>;
export type KernelSeen = z.infer<typeof kernelSeen>;
export type Run = z.infer<typeof run>;
export type Json = z.infer<ReturnType<typeof z.json>>;

/** `debian-12.q35.tcg`, `online/movable` → records/debian-12.q35.tcg/online__movable.json */
export const recordPath = (cellId: string, caseId: string): string => `records/${cellId}/${fileName(caseId)}.json`;
export const evidencePath = (cellId: string, caseId: string): string => `evidence/${cellId}/${fileName(caseId)}`;
const fileName = (caseId: string): string => caseId.replaceAll('/', '__');
