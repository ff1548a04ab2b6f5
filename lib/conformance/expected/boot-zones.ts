import {systemRam} from '../../guest/iomem.ts';
import type {Observation} from '../../guest/observation.ts';
import type {GuestBoard} from '../../machine/board/board.ts';
import type {Derived} from './ledger.ts';

/** How much boot memory is asked to be outside or inside ZONE_MOVABLE: bytes, or percent of the boot memory. */
export interface CoreSizes {
  readonly kernelcore?: {readonly bytes: number} | {readonly percent: number};
  readonly movablecore?: {readonly bytes: number} | {readonly percent: number};
}

/** Part of a zone: page frames from `startPfn` on, and how many of them are RAM. */
export interface MovablePart {
  readonly node: number;
  readonly startPfn: number;
  readonly present: number;
}

/**
 * ZONE_MOVABLE of each node at boot. `ends` are the nodes' last page frames + 1, ascending; every node must have more
 * than its share of kernel memory. Source: find_zone_movable_pfns_for_nodes(), in mm/page_alloc.c and later
 * mm/mm_init.c.
 */
export function bootMovable(
  now: Observation,
  sizes: CoreSizes,
  board: Pick<GuestBoard, 'largestPages' | 'lowestZoneEnd'>,
  ends: readonly number[] = [Infinity],
): Derived<MovablePart[]> {
  const aligned = board.largestPages / now.page;
  const roundUp = (pages: number): number => Math.ceil(pages / aligned) * aligned;
  const ram = systemRam(now.iomem, now.unmapped).map(({start, end}) => ({
    start: Math.ceil(start / now.page),
    end: Math.floor(end / now.page),
  }));
  const total = ram.reduce((sum, {start, end}) => sum + end - start, 0);
  const pages = (size: CoreSizes['kernelcore']): number =>
    size === undefined
      ? 0
      : 'bytes' in size
        ? Math.floor(size.bytes / now.page)
        : Math.floor((total * size.percent) / 100);
  const movable = Math.min(total, roundUp(pages(sizes.movablecore)));
  const kernel = Math.max(pages(sizes.kernelcore), sizes.movablecore ? total - movable : 0);
  const share = Math.floor(kernel / ends.length);
  const because =
    `${total} pages of System ` +
    (`RAM${sizes.movablecore ? ` − ${movable} for movablecore, rounded up to ${aligned},` : ''} leave ` +
      (`${kernel} to the kernel zones, ${share} on each node; what follows them, from a multiple of ` +
        `${aligned} on, is ZONE_MOVABLE`));
  if (kernel === 0 || kernel >= total) return {value: [], because};
  const value = ends.flatMap((end, node) => {
    const own = ram
      .map((range) => ({start: Math.max(range.start, ends[node - 1] ?? 0), end: Math.min(range.end, end)}))
      .filter((range) => range.start < range.end);
    const startPfn = roundUp(endOfKernel(own, share, board.lowestZoneEnd / now.page));
    const present = own.reduce((sum, range) => sum + Math.max(0, range.end - Math.max(range.start, startPfn)), 0);
    return present > 0 ? [{node, startPfn, present}] : [];
  });
  return {value, because};
}

/**
 * The page frame that ends the first `share` pages of these ranges. ZONE_MOVABLE is taken from the highest zone that
 * boot memory reaches, on x86 DMA32 where it ends below 4 GiB: what lies before its first `usable` frame is the
 * kernel's in any case.
 */
function endOfKernel(ranges: readonly {start: number; end: number}[], share: number, usable: number): number {
  let left = share;
  let end = usable;
  for (const range of ranges) {
    left -= Math.min(left, Math.max(0, Math.min(range.end, usable) - range.start));
    const start = Math.max(range.start, usable);
    if (start >= range.end) continue;
    end = start + Math.min(range.end - start, left);
    left -= end - start;
    if (left === 0) break;
  }
  return end;
}

/** ZONE_MOVABLE of each node as the guest has it, where it isn't empty. Source: /proc/zoneinfo. */
export const movableNow = (now: Observation): MovablePart[] =>
  now.zones
    .filter(({name, present}) => name === 'Movable' && present > 0)
    .map(({node, startPfn, present}) => ({node, startPfn, present}));
