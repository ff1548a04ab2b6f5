import type {Told} from '../../vmm.ts';
import {goneSilently, misnamed, resized} from '../devices/told.ts';

/**
 * The two events by which QEMU says that the guest keeps a DIMM, each time: the first once, the second after it once or
 * twice (docs/findings/dlpar-refusal-untold.md).
 */
const REFUSALS = ['MEM_UNPLUG_ERROR', 'DEVICE_UNPLUG_GUEST_ERROR'];

/**
 * What QEMU's events say that can't be, in words. A plug is told by none; a removal by DEVICE_DELETED, or by two that
 * refuse. A guest that was reset begins anew: nothing is said of it. Source: hw/ppc/spapr.c, QEMU 6.2 to 11.1.
 */
export function strangeDlpar({events: all, now, devices, others}: Told): string[] {
  if (all.some(({event}) => event === 'RESET')) return [];
  const strange: string[] = [];
  const refused = new Map<string, {first: number; second: number}>();
  for (const told of all) {
    const {event, data} = told;
    const id = data['device'];
    if (event === 'ACPI_DEVICE_OST') strange.push('ACPI_DEVICE_OST, on a machine without ACPI');
    else if (event === 'MEMORY_DEVICE_SIZE_CHANGE') strange.push(...resized(data, devices));
    else if (event === 'DEVICE_DELETED' || REFUSALS.includes(event)) {
      if (typeof id !== 'string' || others.has(id)) continue; // of a part of a device, or of no memory
      if (!devices.has(id)) strange.push(`${event} of ${id}, which was never there`);
      const count = refused.get(id) ?? {first: 0, second: 0};
      if (event === 'MEM_UNPLUG_ERROR') count.first += 1;
      if (event === 'DEVICE_UNPLUG_GUEST_ERROR') count.second += 1;
      refused.set(id, count);
    }
    strange.push(...misnamed(told));
  }
  for (const [id, {first, second}] of refused)
    if (second < first || second > 2 * first)
      strange.push(`${REFUSALS.join(' and ')} of ${id}: ${first} and ${second}`);
  return [...strange, ...goneSilently(all, now, devices)];
}
