import {z} from 'zod';

/** Somebody's attempt to bring a memory block online. */
export const attempt = z.object({
  /**
   * `kernel`: the policy auto_online_blocks; `udev`: a descendant of udevd; `process`: another one of the guest's user
   * space.
   */
  by: z.enum(['kernel', 'udev', 'process']),
  /** `FILE:LINE` of the rule, where udevd's log names one for just this attempt. */
  rule: z.string().nullable(),
  /** Name and number of the task; empty and null where a comparison is all that is known. */
  task: z.string(),
  pid: z.number().int().nullable(),
  /** What was written to, for those who write: `state` or `online`. */
  file: z.string().nullable(),
  /** Milliseconds from when the block was there until the attempt had ended. */
  ms: z.number().nullable(),
  /** `online`; `too late` where it was online already; otherwise the error's number. */
  result: z.string(),
});

/** What became of a plugged memory block, as the kernel itself told. */
export const onlining = z.object({
  block: z.string(),
  /** The zone it is in; null where it is offline. */
  zone: z.string().nullable(),
  /** Milliseconds from the first block of the device until this one was there. */
  createdMs: z.number(),
  attempts: z.array(attempt),
});

/** A rule file of the guest that has to do with memory blocks. */
export const ruleFile = z.object({
  path: z.string(),
  sha256: z.string(),
  /** The rules that write to a block's state. */
  lines: z.array(z.object({line: z.number().int(), text: z.string()})),
});

/** What a guest's udev does to plugged memory: the fact `udev` of the case udev/effect. */
export const udevFact = z.object({
  /** `udevadm --version`. */
  version: z.string(),
  policy: z.string(),
  /** How many rule files the guest has, and a digest of all of them. */
  files: z.number().int(),
  digest: z.string(),
  memoryFiles: z.array(ruleFile),
  findings: z.array(z.object({id: z.string(), level: z.string(), place: z.string(), message: z.string()})),
  /** What the files say becomes of a block: the words that may be written, `kernel` or `offline`. */
  read: z.array(z.string()),
  blocks: z.array(onlining),
  /** Milliseconds from the first block that was there to the last one online; null where none is. */
  msToLastBlock: z.number().nullable(),
});

export type Attempt = z.infer<typeof attempt>;
export type Onlining = z.infer<typeof onlining>;
export type RuleFile = z.infer<typeof ruleFile>;
export type UdevFact = z.infer<typeof udevFact>;

/**
 * Who brought a block online, in words: `kernel`, `udev (FILE:LINE)`, `process NAME`, `nobody`; `brief`: `udev`,
 * whichever rule it was.
 */
export function whoOf({attempts}: Pick<Onlining, 'attempts'>, brief = false): string {
  const winner = attempts.find(({result}) => result === 'online');
  if (!winner) return 'nobody';
  if (winner.by === 'udev')
    return brief ? 'udev' : `udev (${winner.rule ?? (winner.task || 'which rule is not known')})`;
  return winner.by === 'process' ? `process ${winner.task}` : 'kernel';
}

/** Who onlined blocks, in the words of whoOf; of several agents, with how many blocks each. */
export function whoOnlined(blocks: readonly Onlining[], brief = false): string {
  const counts = new Map<string, number>();
  for (const who of blocks.map((block) => whoOf(block, brief))) counts.set(who, (counts.get(who) ?? 0) + 1);
  return counts.size === 1
    ? [...counts.keys()].join('')
    : [...counts].map(([who, n]) => `${who}: ${n} of ${blocks.length} blocks`).join(', ');
}
