import {readFileSync} from 'node:fs';
import {availableParallelism, cpus, totalmem} from 'node:os';
import type {Run} from '../results/record.ts';
import {MiB} from '../util/size.ts';

/** A clone's RAM is copied on write, and the DIMMs that cases plug are touched only in part. */
const MIB_PER_CLONE = 1536;
const MIB_KEPT_FREE = 1024;

/** How many clones at once: one a core, as far as the free memory goes. */
export function defaultJobs(): number {
  const free = Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) / 1024;
  return Math.max(1, Math.min(availableParallelism(), Math.floor((free - MIB_KEPT_FREE) / MIB_PER_CLONE)));
}

export const hostFacts = (accelReason: string): Run['host'] => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryMiB: Math.round(totalmem() / MiB),
  accelReason,
});
