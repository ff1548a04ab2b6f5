import {Broken} from '../util/errors.ts';
import {exactNumber} from '../util/number.ts';
import {bytes, type Bytes} from '../util/size.ts';

/** A resource of /proc/iomem: [start, end), nested `depth` deep. */
export interface IoRange {
  readonly start: Bytes;
  readonly end: Bytes;
  readonly name: string;
  readonly depth: number;
}

/** Parses /proc/iomem. Throws Broken on a line that is no range, or where the addresses are hidden (not root). */
export function parseIomem(text: string): IoRange[] {
  const ranges = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, indent = '', from = '', to = '', name = ''] =
        /^((?: {2})*)([0-9a-f]+)-([0-9a-f]+) : (.+)$/.exec(line) ?? [];
      if (from === '') throw new Broken(`iomem: not "start-end : name": "${line.slice(0, 100)}"`);
      const [start, end] = [exactNumber(from, 'iomem', 16), exactNumber(to, 'iomem', 16) + 1];
      if (start >= end) throw new Broken(`iomem: a range that ends before it starts: "${line.slice(0, 100)}"`);
      return {depth: indent.length / 2, start: bytes(start), end: bytes(end), name};
    });
  if (ranges.length > 1 && ranges.every(({start}) => start === 0))
    throw new Broken('iomem: all addresses are 0: the guest shell is not root');
  return ranges;
}

/** Is it memory: System RAM, or what the kernel has and doesn't map, where the architecture lists that? */
export const isMemory = ({name, depth}: IoRange, unmapped?: string): boolean =>
  name.startsWith('System RAM') || (depth === 0 && name === unmapped);

/** The System RAM ranges, and those of memory that isn't mapped, merged where they touch. */
export function systemRam(ranges: readonly IoRange[], unmapped?: string): {start: number; end: number}[] {
  const merged: {start: number; end: number}[] = [];
  for (const {name, start, end} of ranges.filter((range) => isMemory(range, unmapped))) {
    const last = merged.at(-1);
    if (last?.end === start && name !== '') last.end = end;
    else merged.push({start, end});
  }
  return merged;
}
