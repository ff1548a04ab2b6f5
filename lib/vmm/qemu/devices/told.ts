// What events say that can't be, however guests hear of DIMMs.
import type {Told, VmmEvent, VmmView} from '../../vmm.ts';

/** An event names a device by its id and by its path in QEMU's object tree, which end alike. */
export function misnamed({event, data}: VmmEvent): string[] {
  const [id, path] =
    event === 'DEVICE_DELETED'
      ? [data['device'], data['path']]
      : event === 'MEMORY_DEVICE_SIZE_CHANGE'
        ? [data['id'], data['qom-path']]
        : [];
  return typeof id === 'string' && path !== `/machine/peripheral/${id}` ? [`${event} of ${id} at ${String(path)}`] : [];
}

/** Sizes that virtio-mem can't have, and devices that have none. */
export function resized({id, size}: VmmEvent['data'], devices: Told['devices']): string[] {
  const device = devices.get(String(id))?.resizable;
  if (!device) return [`MEMORY_DEVICE_SIZE_CHANGE of ${String(id)}, which is no virtio-mem device`];
  return typeof size === 'number' && size <= device.max && size % device.block === 0
    ? []
    : [`MEMORY_DEVICE_SIZE_CHANGE of ${String(id)} to ${String(size)}`];
}

/** Devices that QEMU has no more and has not told of. */
export function goneSilently(
  events: readonly VmmEvent[],
  now: {readonly vmm: VmmView},
  devices: Told['devices'],
): string[] {
  const there = new Set(now.vmm.devices.map(({id}) => id));
  const told = new Set(events.filter(({event}) => event === 'DEVICE_DELETED').map(({data}) => data['device']));
  return [...devices.keys()]
    .filter((id) => !there.has(id) && !told.has(id))
    .map((id) => `${id} is gone without DEVICE_DELETED`);
}
