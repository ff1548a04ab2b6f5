import type {Clone} from '../../lib/machine/clone.ts';
import {Broken} from '../../lib/util/errors.ts';

/**
 * What a clone's QEMU had of the host's memory at most (RSS), and its share of what it has now (PSS: pages of the
 * template count once for all clones), in MB.
 */
export async function memoryOf(clone: Clone): Promise<{rss: number; pss: number}> {
  const [status, smaps] = await Promise.all([clone.hostFile('status'), clone.hostFile('smaps_rollup')]);
  return {rss: kib(status, 'VmHWM'), pss: kib(smaps, 'Pss')};
}

function kib(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Broken(`the host's /proc says nothing of ${name}`);
  return (Number(found) * 1024) / 1e6;
}
