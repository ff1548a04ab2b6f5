import type {Qmp} from '../qmp/client.ts';
import {mib} from '../../../util/size.ts';
import type {DeviceSpec, VmmEvent} from '../../vmm.ts';
import type {Bus, DeviceKind} from './device.ts';
import {deleted, unanswered} from './virtio.ts';

/**
 * Asks the guest to make a virtio-mem device that large. Throws QmpError where QEMU refuses; the guest answers later,
 * by the size.
 */
export async function requestSize(qmp: Qmp, id: string, bytes: number | string): Promise<void> {
  await qmp.execute('qom-set', {path: `/machine/peripheral/${id}`, property: 'requested-size', value: bytes});
}

/** The sizes of a device that QEMU told by MEMORY_DEVICE_SIZE_CHANGE; it leaves out some where they change fast. */
export const sizesTold = (events: readonly VmmEvent[], id: string): number[] =>
  events
    .filter(({event, data}) => event === 'MEMORY_DEVICE_SIZE_CHANGE' && data['id'] === id)
    .map(({data}) => Number(data['size']));

/** A virtio-mem device. */
export interface VirtioMemSpec extends DeviceSpec {
  readonly kind: 'virtio-mem';
  /** The most it can give, in bytes. */
  readonly max: number;
  /** The unit of what it gives, in bytes; 2 MiB where it is left out. */
  readonly block?: number;
  /** The PCI Express port that it is plugged into, where there are such; none for one that is there at boot. */
  readonly port?: string;
  /**
   * May the guest not read what isn't plugged? Guests before Linux 5.16 take no device that forbids it; QEMU 8.1 and
   * newer unplug no other.
   */
  readonly inaccessible?: boolean;
}

const USUAL_BLOCK = mib(2);

/** object-add and device_add of a virtio-mem device, with nothing asked for. Throws QmpError as QEMU refuses. */
export async function addVirtioMem(
  qmp: Qmp,
  {id, max, block = USUAL_BLOCK, port, inaccessible = false}: VirtioMemSpec,
  {virtio, legacyVirtioMem}: Bus,
): Promise<void> {
  await qmp.execute('object-add', {'qom-type': 'memory-backend-ram', id: `mem-${id}`, size: max});
  await qmp.execute('device_add', {
    driver: `virtio-mem-${virtio}`,
    id,
    memdev: `mem-${id}`,
    ...(port === undefined || virtio !== 'pci' ? {} : {bus: port}), // a channel subsystem (ccw) needs none
    'block-size': block,
    ...(legacyVirtioMem ? {'unplugged-inaccessible': inaccessible ? 'on' : 'off'} : {}),
  });
}

/**
 * A virtio-mem device: it is plugged empty, without an answer of the guest's, whose driver later does what it can of
 * each size that is asked for.
 */
export const virtioMem: DeviceKind<VirtioMemSpec> = {
  kind: 'virtio-mem',
  model: ({virtio}) => `virtio-mem-${virtio}`,
  config: () => ['CONFIG_MEMORY_HOTPLUG', 'CONFIG_VIRTIO_MEM'],
  // Its memory needs no file, because nothing of it is plugged in a template.
  atBoot: ({id, max, block = USUAL_BLOCK, inaccessible = false}, {virtio, legacyVirtioMem}) => ({
    ram: [],
    args: [
      '-object',
      `memory-backend-ram,id=mem-${id},size=${max}`,
      '-device',
      `virtio-mem-${virtio},id=${id},memdev=mem-${id},block-size=${block},requested-size=0` +
        (legacyVirtioMem ? `,unplugged-inaccessible=${inaccessible ? 'on' : 'off'}` : ''),
    ],
  }),
  plug: async (qmp, spec, bus) => {
    await addVirtioMem(qmp, spec, bus);
    return unanswered;
  },
  unplug: (qmp, device, _bus, ms) => deleted(qmp, device, ms),
  resize: requestSize,
};
