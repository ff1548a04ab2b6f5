import {systemRam} from '../../guest/iomem.ts';
import type {Observation} from '../../guest/observation.ts';
import type {Zone} from '../../guest/zoneinfo.ts';

/** Zones of a block's node whose spans, holes included, meet the block, lowest first. Source: /proc/zoneinfo. */
export function zonesMeeting(now: Observation, id: number): string[] {
  const node = now.blocks.find((block) => block.id === id)?.nodes[0] ?? 0;
  const [start, end] = [(id * now.blockSize) / now.page, ((id + 1) * now.blockSize) / now.page];
  return now.zones
    .filter(
      (zone) => zone.node === node && zone.spanned > 0 && zone.startPfn < end && start < zone.startPfn + zone.spanned,
    )
    .map(({name}) => name);
}

/**
 * What valid_zones of an offline block must read: first the zone that plain `online` chooses, then the other one. The
 * rule is online_policy=contig-zones, unchanged since 4.13: the kernel zone is the first of DMA and DMA32 that meets
 * the block, else Normal. If that or Movable alone meets the block it comes first; else Movable does with movable_node.
 * Source: default_zone_for_pfn() in mm/memory_hotplug.c.
 */
export function offeredZones(now: Observation, id: number, {movableNode = false} = {}): string[] {
  const meeting = zonesMeeting(now, id);
  const kernel = ['DMA', 'DMA32'].find((name) => meeting.includes(name)) ?? 'Normal';
  const alone = meeting.includes('Movable') !== meeting.includes(kernel);
  return (alone ? meeting.includes('Movable') : movableNode) ? ['Movable', kernel] : [kernel, 'Movable'];
}

/** All memory that the kernel has, also what it doesn't map: merged ranges. Source: /proc/iomem. */
export const memoryOf = ({iomem, unmapped}: Observation): {start: number; end: number}[] => systemRam(iomem, unmapped);

/**
 * Bytes of a block that are not System RAM: its holes, as offline_pages() sees them; memory that isn't mapped is one.
 * Source: /proc/iomem.
 */
export function bytesMissing(now: Observation, id: number): number {
  const [first, last] = [id * now.blockSize, (id + 1) * now.blockSize];
  return systemRam(now.iomem).reduce<number>(
    (missing, {start, end}) => missing - Math.max(0, Math.min(last, end) - Math.max(first, start)),
    now.blockSize,
  );
}

/** The zone of that name, all nodes together, as last observed; zeros where there is none. */
export function zone(now: Observation, name: string): Pick<Zone, 'free' | 'present' | 'managed'> {
  const parts = now.zones.filter((one) => one.name === name);
  const sum = (field: 'free' | 'present' | 'managed'): number => parts.reduce((total, part) => total + part[field], 0);
  return {free: sum('free'), present: sum('present'), managed: sum('managed')};
}

/** Pages of a memory block. */
export const pagesPerBlock = (now: Observation): number => now.blockSize / now.page;
