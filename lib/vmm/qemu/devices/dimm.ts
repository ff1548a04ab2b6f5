import type {DeviceSpec, GuestSays, MemoryDevice, UnplugAnswer} from '../../vmm.ts';
import {queryDevices} from '../view.ts';
import {QmpError, type Qmp} from '../qmp/client.ts';
import type {QmpEvent} from '../qmp/events.ts';
import {Broken} from '../../../util/errors.ts';
import {parseSize} from '../../../util/size.ts';
import {isPlugReport, isUnplugReport, OST_IN_PROGRESS, OST_SUCCESS, ostMeaning, ostOf} from '../acpi/ost.ts';
import {endsUnplug} from '../dlpar/dlpar.ts';
import type {Bus, DeviceKind} from './device.ts';
import {unanswered} from './virtio.ts';

/** A DIMM to plug. */
export interface DimmSpec extends DeviceSpec {
  readonly kind: 'dimm';
  /** QEMU id of the DIMM; its backend is `mem-<id>`. */
  readonly id: string;
  /** As QEMU writes sizes: `1G`, `256M`. */
  readonly size: string;
  readonly slot?: number;
  readonly node?: number;
  /** Physical address; QEMU chooses one where it is left out. */
  readonly address?: number;
  /** By the machine protocol or by the human monitor, as the document's examples do. */
  readonly via?: 'qmp' | 'hmp';
  /** What its memory is; anonymous memory of QEMU's where it is left out. */
  readonly backend?: Backend;
}

/** The same where its kind is known. */
export type NewDimm = Omit<DimmSpec, 'kind'>;

/** A memory backend's type and properties, without id and size. Source: qapi/qom.json. */
export type Backend = {
  readonly 'qom-type': 'memory-backend-ram' | 'memory-backend-file' | 'memory-backend-memfd';
} & Readonly<Record<string, unknown>>;

export const backendId = (dimmId: string): string => `mem-${dimmId}`;

/**
 * The two commands that plug a DIMM: object_add, device_add. Throws QmpError as QEMU refuses; a backend of a refused
 * DIMM is left.
 */
export async function addDimm(qmp: Qmp, spec: NewDimm): Promise<void> {
  await addBackend(qmp, backendId(spec.id), spec.size, spec.via, spec.backend);
  await addDevice(qmp, spec);
}

export async function addBackend(
  qmp: Qmp,
  id: string,
  size: string,
  via: 'qmp' | 'hmp' = 'qmp',
  backend: Backend = {'qom-type': 'memory-backend-ram'},
): Promise<void> {
  if (via === 'qmp') await qmp.execute('object-add', {...backend, id, size: parseSize(size)});
  else await hmp(qmp, `object_add memory-backend-ram,id=${id},size=${size}`);
}

export async function addDevice(
  qmp: Qmp,
  {id, slot, node, address, via = 'qmp'}: Omit<NewDimm, 'size'> & {memdev?: string},
  memdev = backendId(id),
): Promise<void> {
  const options = {
    driver: 'pc-dimm',
    id,
    memdev,
    ...(slot === undefined ? {} : {slot}),
    ...(node === undefined ? {} : {node}),
    ...(address === undefined ? {} : {addr: address}),
  };
  if (via === 'qmp') await qmp.execute('device_add', options);
  else
    await hmp(
      qmp,
      `device_add ${Object.entries(options)
        .map(([key, value]) => (key === 'driver' ? value : `${key}=${value}`))
        .join(',')}`,
    );
}

/** The human monitor answers a command that worked with nothing. */
async function hmp(qmp: Qmp, line: string): Promise<void> {
  const answer = await qmp.hmp(line);
  if (answer !== '') throw new QmpError(line, 'HMP', answer);
}

export async function findDevice(qmp: Qmp, id: string): Promise<MemoryDevice> {
  const device = (await queryDevices(qmp)).find((one) => one.id === id);
  if (!device) throw new Broken(`QEMU took device_add of ${id} but query-memory-devices doesn't list it`);
  return device;
}

/** How the guest answered a plug: the status of its _OST report. */
export async function plugReport(qmp: Qmp, mark: number, id: string, ms: number): Promise<number> {
  const match = (event: QmpEvent): boolean => {
    const ost = ostOf(event);
    return isPlugReport(ost) && ost.device === id;
  };
  const event = await qmp.events.next(mark, `ACPI_DEVICE_OST for the plug of ${id}`, match, ms);
  return ostOf(event)?.status ?? -1;
}

/** How guests answer: by ACPI where nothing is said. */
export interface Answering {
  readonly dimms?: Bus['dimms'];
  readonly guestSays?: GuestSays | undefined;
}

/**
 * Asks for a DIMM's removal and waits for the answer: DEVICE_DELETED and the guest's last report, or a report
 * that refuses. device_del itself only asks. Throws DeadlineError where the guest never answers.
 */
export async function unplug(
  qmp: Qmp,
  device: Pick<MemoryDevice, 'id' | 'slot'>,
  ms: number,
  {via = 'qmp', ...how}: {via?: 'qmp' | 'hmp'} & Answering = {},
): Promise<UnplugAnswer> {
  const mark = qmp.events.mark();
  if (via === 'qmp') await qmp.execute('device_del', {id: device.id});
  else await hmp(qmp, `device_del ${device.id}`);
  return unplugResult(qmp, mark, device, ms, how);
}

/** The answer to a removal that was asked for after `mark`. */
export async function unplugResult(
  qmp: Qmp,
  mark: number,
  device: Pick<MemoryDevice, 'id' | 'slot'>,
  ms: number,
  {dimms = 'acpi', guestSays}: Answering = {},
): Promise<UnplugAnswer> {
  const said = await guestSays?.();
  if (dimms === 'dlpar') {
    // What the guest keeps QEMU may never be told of (docs/findings/dlpar-refusal-untold.md).
    if (said !== 'refused')
      await qmp.events.next(mark, `the end of the unplug of ${device.id}`, endsUnplug(device.id), ms);
  } else {
    const final = (event: QmpEvent): boolean => {
      const ost = ostOf(event);
      return isUnplugReport(ost) && ost.slot === String(device.slot) && ost.status !== OST_IN_PROGRESS;
    };
    await qmp.events.next(mark, `the guest's last ACPI_DEVICE_OST for the unplug of ${device.id}`, final, ms);
  }
  const events = qmp.events.since(mark);
  const deleted = events.some(({event, data}) => event === 'DEVICE_DELETED' && data['device'] === device.id);
  return {
    outcome: deleted ? 'removed' : 'refused',
    statuses: events
      .map((event) => ostOf(event))
      .filter((ost) => isUnplugReport(ost))
      .map(({status}) => status),
    events: events.map(({event}) => event),
  };
}

/** A DIMM, which the guest hears of by ACPI or DLPAR. Its memory is the guest's from the first moment. */
export const dimm: DeviceKind<DimmSpec> = {
  kind: 'dimm',
  model: () => 'pc-dimm',
  config: ({dimms}) => ['CONFIG_MEMORY_HOTPLUG', ...(dimms === 'acpi' ? ['CONFIG_ACPI_HOTPLUG_MEMORY'] : [])],
  absent: ({dimms}) => (dimms === undefined ? 'memhp knows no way in which such a guest hears of DIMMs' : undefined),
  atBoot: ({id, size}) => ({
    ram: [{id: backendId(id), size: parseSize(size)}],
    args: ['-device', `pc-dimm,id=${id},memdev=${backendId(id)}`],
  }),
  plug: async (qmp, spec, {dimms}, ms) => {
    const mark = qmp.events.mark();
    await addDimm(qmp, spec);
    if (dimms === 'dlpar') return unanswered; // to QEMU; its log says how it went
    const status = await plugReport(qmp, mark, spec.id, ms);
    return {taken: status === OST_SUCCESS, words: ostMeaning(status), success: ostMeaning(OST_SUCCESS), by: '_OST'};
  },
  unplug: (qmp, device, {dimms}, ms, guestSays) => unplug(qmp, device, ms, {dimms, guestSays}),
};
