/** A memory block as writers find it. */
export interface BlockState {
  readonly state: 'online' | 'offline';
  /** The zone of an online block; of an offline one that of plain `online`. */
  readonly zone: string;
}

/** A write to a file of a block. */
export interface Write {
  readonly file: 'state' | 'online';
  readonly word: string;
}

/** A write that was made, beside others. */
export interface Made extends Write {
  /** How it ended: `none`, or the name of the error. */
  readonly errno: string;
  /** When it began and ended, on the guest's clock in ns. */
  readonly begin: number;
  readonly end: number;
}

/** What writes at the same time have come to. */
export interface Outcome {
  readonly before: BlockState;
  readonly made: readonly Made[];
  readonly after: BlockState;
}

/** Zones that a word names; `online` and `1` take the one that the kernel chooses. */
const NAMED: Readonly<Record<string, string>> = {online_kernel: 'Normal', online_movable: 'Movable'};

/**
 * What one write does to a block, and how it ends. `state` refuses what is so already, `online` accepts it:
 * device_online() and device_offline() return 1 then, of which state_store() makes EINVAL and online_store() nothing.
 * Source: drivers/base/memory.c, core.c. A block in a kernel zone may hold what can't be moved: EBUSY, and it stays.
 */
function oneWrite(block: BlockState, {file, word, errno}: Made, plain: string): BlockState | undefined {
  const on = file === 'state' ? word !== 'offline' : word === '1';
  const same = (block.state === 'online') === on;
  if (same) return errno === (file === 'state' ? 'EINVAL' : 'none') ? block : undefined;
  if (!on && block.zone !== 'Movable' && errno === 'EBUSY') return block;
  if (errno !== 'none') return undefined;
  return on ? {state: 'online', zone: NAMED[file === 'state' ? word : ''] ?? plain} : {state: 'offline', zone: plain};
}

/**
 * Is there an order of the writes, one after the other, in which each ends as it did and the block becomes what it is?
 * The kernel has one lock for all of them (device_hotplug_lock), so there must be; a write that ended before another
 * one began comes before that.
 */
export function isInSomeOrder({before, made, after}: Outcome, plain: string): boolean {
  if (made.length === 0) return blockText(before) === blockText(after);
  return made.some((first, i) => {
    const rest = made.toSpliced(i, 1);
    if (rest.some(({end}) => end < first.begin)) return false;
    const next = oneWrite(before, first, plain);
    return next !== undefined && isInSomeOrder({before: next, made: rest, after}, plain);
  });
}

/** Did writes meet: did one begin before another one had ended? */
export const haveMet = ({made}: Outcome): boolean =>
  made.some((one, i) => made.some((other, j) => i < j && one.begin < other.end && other.begin < one.end));

/** An outcome in a line for people. */
export function outcomeText({before, made, after}: Outcome): string {
  const writes = made.map(({file, word, errno}) => `${file}=${word}: ${errno}`).join(', ');
  return `${blockText(before)}; ${writes}; ${blockText(after)}`;
}

const blockText = ({state, zone}: BlockState): string => (state === 'online' ? `online ${zone}` : state);
