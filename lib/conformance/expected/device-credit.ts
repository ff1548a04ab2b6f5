import type {Observation} from '../../guest/observation.ts';
import type {Derived} from './ledger.ts';
import {counted} from './policy-ledger.ts';
import {pagesPerBlock} from './zones.ts';

/**
 * The zones that online_policy=auto-movable gives the first `count` blocks of an empty virtio-mem device, one after the
 * other. What is in a kernel zone since boot counts, and what the device itself has there; so the room for ZONE_MOVABLE
 * grows with each block of it in Normal. Source: auto_movable_can_online_movable() in mm/memory_hotplug.c, since 5.15.
 */
export function sameDeviceZones(now: Observation, count: number, ratio: number): Derived<string[]> {
  const {value: boot, because} = counted(now);
  const block = pagesPerBlock(now);
  const pages = {Movable: boot.movable, Normal: boot.kernel};
  const value = Array.from({length: count}, () => {
    const zone = pages.Movable + block <= Math.floor((ratio * pages.Normal) / 100) ? 'Movable' : 'Normal';
    pages[zone] += block;
    return zone;
  });
  return {
    value,
    because:
      `${because}; block for block Movable where that stays within ${ratio}% of the pages in kernel ` +
      `zones, the device's own counted`,
  };
}
