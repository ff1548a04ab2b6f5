import {Broken} from '../../util/errors.ts';
import {exactNumber} from '../../util/number.ts';
import type {CaseGuest} from './guest.ts';

/**
 * Pageblocks that are isolated from the page allocator, by zone: an offlining that has ended must leave none, or their
 * free memory is lost. Zones without any are left out. Source: /proc/pagetypeinfo.
 */
export const isolatedPageblocks = async (guest: CaseGuest): Promise<Record<string, number>> =>
  parseIsolated(await guest.sh('cat /proc/pagetypeinfo'));

/**
 * Parses the table "Number of blocks type" of /proc/pagetypeinfo. Throws Broken where it has no column Isolate, or a
 * line is no zone's.
 */
export function parseIsolated(text: string): Record<string, number> {
  const [head = '', ...lines] = text.slice(text.indexOf('Number of blocks type')).split('\n');
  const names = head.replace('Number of blocks type', '').trim().split(/\s+/);
  const column = names.indexOf('Isolate');
  if (column < 0)
    throw new Broken('/proc/pagetypeinfo has no column Isolate: the kernel is built without CONFIG_MEMORY_ISOLATION');
  const end = lines.indexOf('');
  const rows = lines.slice(0, end < 0 ? lines.length : end);
  if (rows.length === 0) throw new Broken('/proc/pagetypeinfo has no zones');
  return Object.fromEntries(
    rows.flatMap((line) => {
      const [, node = '', zone = '', text = ''] = /^Node (\d+), zone +(\w+) +([\d ]+)$/.exec(line) ?? [];
      const counts = text.trim().split(/ +/);
      if (counts.length !== names.length)
        throw new Broken(`/proc/pagetypeinfo: not a zone's ${names.length} counts: "${line.slice(0, 120)}"`);
      const isolated = exactNumber(counts[column] ?? '', '/proc/pagetypeinfo');
      return isolated > 0 ? [[`node ${node} ${zone}`, isolated]] : [];
    }),
  );
}
