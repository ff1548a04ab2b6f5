import type {Qmp} from '../qemu/qmp/client.ts';
import type {QmpEvent} from '../qemu/qmp/events.ts';

/** Asks the guest to make a virtio-mem device that large. Throws QmpError where QEMU refuses; the guest answers later, by the size. */
export async function requestSize(qmp: Qmp, id: string, bytes: number | string): Promise<void> {
  await qmp.execute('qom-set', {path: `/machine/peripheral/${id}`, property: 'requested-size', value: bytes});
}

/** The sizes of a device that QEMU told by MEMORY_DEVICE_SIZE_CHANGE; it leaves out some where they change fast. */
export const sizesTold = (events: readonly QmpEvent[], id: string): number[] =>
  events
    .filter(({event, data}) => event === 'MEMORY_DEVICE_SIZE_CHANGE' && data['id'] === id)
    .map(({data}) => Number(data['size']));

/** A virtio-mem device to plug into a PCI Express port. */
export interface VirtioMemSpec {
  readonly id: string;
  /** The most it can give, in bytes. */
  readonly max: number;
  readonly port: string;
  /** May the guest read what isn't plugged? Guests before Linux 5.16 take no device that forbids it; QEMU 8.1 and newer unplug no other. */
  readonly inaccessible: boolean;
}

/** object-add and device_add of a virtio-mem device in units of 2 MiB, with nothing asked for. Throws QmpError as QEMU refuses. */
export async function addVirtioMem(qmp: Qmp, {id, max, port, inaccessible}: VirtioMemSpec): Promise<void> {
  await qmp.execute('object-add', {'qom-type': 'memory-backend-ram', id: `mem-${id}`, size: max});
  await qmp.execute('device_add', {
    driver: 'virtio-mem-pci',
    id,
    memdev: `mem-${id}`,
    bus: port,
    'block-size': 2 * 2 ** 20,
    'unplugged-inaccessible': inaccessible ? 'on' : 'off',
  });
}

/** Asks for the device's removal and waits for DEVICE_DELETED, or the deadline: false where the guest doesn't let it go. Throws QmpError where QEMU refuses. */
export async function removeDevice(qmp: Qmp, id: string, ms: number): Promise<boolean> {
  const mark = qmp.events.mark();
  await qmp.execute('device_del', {id});
  return (
    (await qmp.events.nextOrNone(
      mark,
      `DEVICE_DELETED of ${id}`,
      ({event, data}) => event === 'DEVICE_DELETED' && data['device'] === id,
      ms,
    )) !== undefined
  );
}
