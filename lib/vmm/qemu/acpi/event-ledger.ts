import type {Told} from '../../vmm.ts';
import {goneSilently, misnamed, resized} from '../devices/told.ts';
import {isPlugReport, isUnplugReport, OST_IN_PROGRESS, OST_SUCCESS, ostOf, type Ost} from './ost.ts';

/** Where a slot is in the life that QEMU's events tell of it. */
type SlotState = 'empty' | 'plugged' | 'ejecting' | 'deleted';

/**
 * Refusals that come without a report of progress: the guest doesn't eject at all. Source: acpi_generic_hotplug_event()
 * in drivers/acpi/scan.c.
 */
const AT_ONCE = new Set([1, 128]);

/** QEMU's events that say that a removal went wrong; with ACPI the guest says so by _OST instead. */
const NEVER = new Set(['MEM_UNPLUG_ERROR', 'DEVICE_UNPLUG_GUEST_ERROR']);

/**
 * What QEMU's events say that can't be, in words. A slot's life is one report of the plug; then any number of refused
 * ejections, each with or without a report of progress before; then progress, DEVICE_DELETED and a last report without
 * a device. It may be in the middle of it. A guest that was reset begins anew: nothing is said of it.
 */
export function strangeEvents({events: all, first, now, devices, others}: Told): string[] {
  if (all.some(({event}) => event === 'RESET')) return [];
  const events = all.filter(({event, data}) => event !== 'DEVICE_DELETED' || !others.has(String(data['device'])));
  const strange: string[] = [];
  const dimms = first.vmm.devices.filter(({slot}) => slot !== null);
  const slots = new Map<string, SlotState>(dimms.map(({slot}) => [String(slot), 'plugged']));
  const slotOf = new Map<string, string>(dimms.map(({id, slot}) => [id, String(slot)]));
  for (const event of events) {
    const ost = ostOf(event);
    if (ost) {
      const [state = 'empty', told] = [slots.get(ost.slot), `slot ${ost.slot}: _OST ${ost.source}/${ost.status}`];
      const next = after(state, ost);
      if (next === undefined) strange.push(`${told}, where it is ${state}`);
      if ((ost.device === undefined) !== (next === 'empty'))
        strange.push(`${told} ${ost.device === undefined ? 'of no device' : `of ${ost.device}`}`);
      slots.set(ost.slot, next ?? state);
      const plug: boolean = isPlugReport(ost);
      if (ost.device !== undefined && !plug && next !== undefined && slotOf.get(ost.device) !== ost.slot)
        strange.push(`${told} of ${ost.device}, which isn't there`);
      if (ost.device !== undefined) slotOf.set(ost.device, ost.slot);
    } else if (event.event === 'DEVICE_DELETED') strange.push(...deleted(event.data['device'], slots, slotOf, devices));
    else if (event.event === 'MEMORY_DEVICE_SIZE_CHANGE') strange.push(...resized(event.data, devices));
    else if (NEVER.has(event.event)) strange.push(event.event);
    strange.push(...misnamed(event));
  }
  for (const {id, slot, resizable} of now.vmm.devices) {
    const told = slotOf.get(id);
    if (told !== undefined && told !== String(slot))
      strange.push(`${id} is in slot ${slot}, and _OST names slot ${told}`);
    if (!resizable && slots.get(String(slot)) === 'deleted') strange.push(`${id} is there after DEVICE_DELETED`);
  }
  return [...strange, ...goneSilently(events, now, devices)];
}

/** The state that a report leads to; undefined where it can't come. */
function after(state: SlotState, ost: Ost): SlotState | undefined {
  const about = {plug: isPlugReport(ost), unplug: isUnplugReport(ost)};
  if (about.plug) return state === 'empty' ? 'plugged' : undefined;
  if (!about.unplug) return undefined;
  if (ost.status === OST_IN_PROGRESS) return state === 'plugged' ? 'ejecting' : undefined;
  if (ost.status === OST_SUCCESS) return state === 'deleted' ? 'empty' : undefined;
  return state === 'ejecting' || (state === 'plugged' && AT_ONCE.has(ost.status)) ? 'plugged' : undefined;
}

function deleted(
  id: unknown,
  slots: Map<string, SlotState>,
  slotOf: ReadonlyMap<string, string>,
  devices: Told['devices'],
): string[] {
  if (typeof id !== 'string') return []; // of a part of a device
  const slot = slotOf.get(id);
  if (slot === undefined)
    return devices.get(id)?.resizable ? [] : [`DEVICE_DELETED of ${id}, which the guest never had`];
  const state = slots.get(slot) ?? 'empty';
  slots.set(slot, 'deleted');
  return state === 'ejecting' ? [] : [`DEVICE_DELETED of ${id}, whose slot is ${state}`];
}
