import type {BlockView} from '../../guest/blocks.ts';
import {systemRam} from '../../guest/iomem.ts';
import type {Observation} from '../../guest/observation.ts';
import type {Zone} from '../../guest/zoneinfo.ts';
import {blocksOf, isPersistent, rangeOf} from '../expected/device-blocks.ts';
import type {Moment} from './invariant.ts';
import {zoneOf} from '../expected/ledger.ts';
import {bytesMissing} from '../expected/zones.ts';

export const nodesOf = ({zones}: Observation): number[] =>
  [...new Set(zones.map(({node}) => node))].sort((a, b) => a - b);

export function pagesOnline(now: Observation): number {
  const online = new Set(now.blocks.filter(({state}) => state === 'online').map(({id}) => id));
  const perBlock = now.blockSize / now.page;
  let pages = 0;
  for (const range of systemRam(now.iomem, now.unmapped)) {
    // put together: what a kexec hands over is split in the middle of pages
    const [from, to] = [Math.ceil(range.start / now.page), Math.floor(range.end / now.page)];
    for (let id = Math.floor(from / perBlock); id * perBlock < to; id++) {
      if (online.has(id)) pages += Math.min(to, (id + 1) * perBlock) - Math.max(from, id * perBlock);
    }
  }
  return pages;
}

interface Span {
  readonly start: number;
  readonly pages: number;
}

/** What a zone must span; undefined where boot memory has moved into or out of it, which may begin and end anywhere. */
export function expectedSpan(
  {node, name, present}: Zone,
  {first, now, before = now}: Pick<Moment, 'first' | 'now' | 'before'>,
): Span | undefined {
  if (name === 'Device' && now.vmm.devices.some(isPersistent)) return deviceSpan(now);
  if (present === 0) return {start: 0, pages: 0};
  const members = (one: Observation): BlockView[] =>
    one.blocks.filter((block) => zoneOf(block) === name && (block.nodes[0] ?? 0) === node);
  const ids = (one: Observation): string =>
    members(one)
      .map(({id}) => id)
      .join();
  const of = (one: Observation): Zone | undefined => one.zones.find((zone) => zone.node === node && zone.name === name);
  const was = of(before);
  if (was && before !== now && ids(before) === ids(now)) return {start: was.startPfn, pages: was.spanned};
  const plugged = (one: Observation): Set<number> =>
    new Set(
      one.vmm.devices.flatMap((device) =>
        device.resizable ? rangeOf(device, one.blockSize) : blocksOf(device, one.blockSize),
      ),
    );
  const [ofDevices, atFirst] = [plugged(now), plugged(first)];
  const boot = (one: Observation, devices: Set<number>): number[] =>
    members(one)
      .map(({id}) => id)
      .filter((id) => !devices.has(id));
  const perBlock = now.blockSize / now.page;
  if (members(first).some(({id}) => atFirst.has(id)) || boot(first, atFirst).join() !== boot(now, ofDevices).join()) {
    const [were, are] = [members(before), members(now)].map((blocks) => blocks.map(({id}) => id));
    if (!was || !were || !are) return undefined;
    return before !== now && were.every((id) => are.includes(id))
      ? grown(was, were, are, perBlock)
      : shrunk(was, were, are, {perBlock, full: (id) => bytesMissing(now, id) === 0});
  }
  const start = of(first);
  const parts = members(now)
    .filter(({id}) => ofDevices.has(id))
    .map(({id}) => [id * perBlock, (id + 1) * perBlock] as const);
  if (start && start.present > 0) parts.push([start.startPfn, start.startPfn + start.spanned]);
  const from = Math.min(...parts.map(([low]) => low));
  return parts.length === 0 ? undefined : {start: from, pages: Math.max(...parts.map(([, high]) => high)) - from};
}

/**
 * What ZONE_DEVICE spans: all of the persistent memory that a driver of the guest has, from when its namespace was
 * first used; none of it is present, so the zone has no start to be seen, and it is never made smaller
 * (remove_pfn_range_from_zone() of mm/memory_hotplug.c). Undefined with several nodes: QEMU doesn't say on which one
 * such a device is.
 */
export function deviceSpan(now: Observation): Span | undefined {
  if (nodesOf(now).length > 1) return undefined;
  const driven = now.vmm.devices.filter(
    (device) =>
      isPersistent(device) &&
      now.iomem.some(
        ({depth, start, end, name}) =>
          depth === 0 &&
          !name.startsWith('System RAM') &&
          device.address <= start &&
          end <= device.address + device.size,
      ),
  );
  if (driven.length === 0) return {start: 0, pages: 0};
  const end = Math.max(...driven.map(({address, size}) => address + size));
  return {start: 0, pages: (end - Math.min(...driven.map(({address}) => address))) / now.page};
}

/**
 * A zone's span when blocks have come to it, and none has left: it reaches over each of them in full, and where it
 * reached before. Undefined where it had none that could be seen. Source: resize_zone_range() of mm/memory_hotplug.c.
 */
export function grown(
  {startPfn, spanned}: Pick<Zone, 'startPfn' | 'spanned'>,
  were: readonly number[],
  are: readonly number[],
  perBlock: number,
): Span | undefined {
  const come = are.filter((id) => !were.includes(id));
  if (spanned === 0 || come.length === 0) return undefined;
  const start = Math.min(startPfn, ...come.map((id) => id * perBlock));
  return {start, pages: Math.max(startPfn + spanned, ...come.map((id) => (id + 1) * perBlock)) - start};
}

/**
 * What is left of a zone's span when blocks have left it, and none has come: an edge moves to the next block where a
 * block that lay at it in full has gone, and stays where the zone reaches farther, into a block that it shares with
 * another one. Undefined where the edge lay inside of the block that has gone, or the next one need not be memory in
 * full. Source: shrink_zone_span() of mm/memory_hotplug.c.
 */
export function shrunk(
  {startPfn, spanned}: Pick<Zone, 'startPfn' | 'spanned'>,
  were: readonly number[],
  are: readonly number[],
  {perBlock, full}: {perBlock: number; full: (id: number) => boolean},
): Span | undefined {
  const [lowest, highest, low, high] = [were[0], were.at(-1), are[0], are.at(-1)];
  if (
    lowest === undefined ||
    highest === undefined ||
    low === undefined ||
    high === undefined ||
    are.some((id) => !were.includes(id))
  )
    return undefined;
  const endPfn = startPfn + spanned;
  const [lowLeft, highLeft] = [
    low !== lowest && startPfn >= lowest * perBlock,
    high !== highest && endPfn <= (highest + 1) * perBlock,
  ];
  if (lowLeft && (startPfn !== lowest * perBlock || !full(low))) return undefined;
  if (highLeft && (endPfn !== (highest + 1) * perBlock || !full(high))) return undefined;
  const start = lowLeft ? low * perBlock : startPfn;
  const end = highLeft ? (high + 1) * perBlock : endPfn;
  return {start, pages: end - start};
}
