import type {MemoryDevice, UnplugAnswer} from '../../vmm/vmm.ts';
import {
  addBackend as createBackend,
  addDevice as createDevice,
  addDimm as createDimm,
  backendId,
  findDevice,
  plugReport,
  unplug,
  unplugResult,
  type NewDimm,
} from '../../vmm/qemu/devices/dimm.ts';
import {parseSize} from '../../util/size.ts';
import type {Dimm} from '../guest/dimm.ts';
import type {QemuAnswer} from '../guest/access.ts';
import type {CaseGuest} from '../guest/guest.ts';

export {ostMeaning} from '../../vmm/qemu/acpi/ost.ts';
export type {NewDimm} from '../../vmm/qemu/devices/dimm.ts';

type Via = Parameters<typeof createBackend>[3];

/** object_add of a backend of that size, and nothing more. Throws QmpError where QEMU refuses. */
export const addBackend = (guest: CaseGuest, id: string, size: string, via?: Via): ReturnType<typeof createBackend> =>
  createBackend(guest.qmp, id, size, via);

/** device_add of a DIMM whose backend is there, and nothing more. Throws QmpError where QEMU refuses. */
export const addDevice = (
  guest: CaseGuest,
  spec: Parameters<typeof createDevice>[1],
  memdev?: string,
): ReturnType<typeof createDevice> => createDevice(guest.qmp, spec, memdev);

/** Both; the guest's answer is not waited for. Throws QmpError where QEMU refuses. */
export const addDimm = (guest: CaseGuest, spec: NewDimm): ReturnType<typeof createDimm> => createDimm(guest.qmp, spec);

/** The DIMMs of the machine profile, which are there at boot: sizes in bytes, in the order of their slots. */
export const coldDimms = ({machine: {devices}}: CaseGuest): {id: string; size: number; slot: number}[] =>
  devices.filter((device) => device.kind === 'dimm').map(({id, size}, slot) => ({id, size: parseSize(size), slot}));

/** Where QEMU's events are now: for eventsSince, plugAnswer and unplugAnswer. */
export const eventMark = (guest: CaseGuest): number => guest.qmp.events.mark();

/** device_del, and nothing more: the guest's answer is not waited for. Throws QmpError where QEMU refuses. */
export const askToRemove = (guest: CaseGuest, id: string): Promise<unknown> => guest.qmp.execute('device_del', {id});

/** object-del, and nothing more. Throws QmpError where QEMU refuses. */
export const deleteObject = (guest: CaseGuest, id: string): Promise<unknown> => guest.qmp.execute('object-del', {id});

/** The human monitor's answer to a line; empty where it has nothing to say. */
export const humanMonitor = (guest: CaseGuest, line: string): Promise<string> => guest.qmp.hmp(line);

/**
 * Stops the machine, asks for the removal of a device, and resets the machine, which stays stopped; returns where
 * QEMU's events were before.
 */
export async function resetBeforeTheAnswer(guest: CaseGuest, id: string): Promise<number> {
  await guest.qmp.execute('set-action', {reboot: 'reset'}); // a reset ends our machines otherwise
  const mark = eventMark(guest);
  await guest.qmp.execute('stop');
  await askToRemove(guest, id);
  await guest.qmp.execute('system_reset');
  await guest.qmp.events.next(mark, 'RESET', ({event}) => event === 'RESET', guest.limits.operationMs);
  return mark;
}

/** Asks QEMU for a DIMM that it may refuse. The backend of a refused one is deleted again, which must work. A step. */
export function tryPlug(guest: CaseGuest, spec: NewDimm & {memdev?: string}): Promise<QemuAnswer> {
  return guest.step(`ask QEMU for ${spec.id}, ${spec.size}`, async () => {
    const own = spec.memdev === undefined;
    if (own) {
      const backend = await guest.tryQemu(() => addBackend(guest, backendId(spec.id), spec.size, spec.via));
      if (!backend.accepted) return backend;
    }
    const answer = await guest.tryQemu(() => addDevice(guest, spec, spec.memdev));
    if (!answer.accepted && own) await deleteBackend(guest, spec.id);
    return answer;
  });
}

/**
 * Plugs a DIMM that the guest may refuse; the status of its _OST report, waiting for it. Ends the case where QEMU
 * refuses. A step.
 */
export function plugAndHear(guest: CaseGuest, spec: NewDimm): Promise<number> {
  return guest.step(`plug ${spec.id}, ${spec.size}`, async () => {
    const mark = guest.qmp.events.mark();
    await addDimm(guest, spec);
    return plugAnswer(guest, mark, spec.id);
  });
}

/** object-del of a DIMM's backend. Ends the case where QEMU refuses, as it does while the DIMM is there. */
export async function deleteBackend(guest: CaseGuest, dimmId: string): Promise<void> {
  const {words} = await guest.tryQemu(() => guest.qmp.execute('object-del', {id: backendId(dimmId)}));
  guest.session.checks.require(words, '', `QEMU's answer to object-del of the backend of ${dimmId}`);
}

/** QEMU's memory devices now; needs no answer of the guest. */
export const devicesNow = (guest: CaseGuest): Promise<MemoryDevice[]> => guest.vmm.devices();

/** Stops the virtual machine while `action` runs, then lets it go on and does what `then` says. One step. */
export function whileStopped<T>(
  guest: CaseGuest,
  title: string,
  action: () => Promise<void>,
  then: () => Promise<T>,
): Promise<T> {
  return guest.step(title, async () => {
    await guest.qmp.execute('stop');
    await action();
    await guest.qmp.execute('cont');
    return then();
  });
}

/** The status of the guest's _OST report about the plug of a DIMM, waiting for it. */
export const plugAnswer = (guest: CaseGuest, mark: number, id: string): Promise<number> =>
  plugReport(guest.qmp, mark, id, guest.session.limits.operationMs);

/** How the guest answered a device_del that was sent after `mark`, waiting for it. */
export const unplugAnswer = (guest: CaseGuest, mark: number, dimm: Dimm): Promise<UnplugAnswer> =>
  unplugResult(guest.qmp, mark, dimm.device, guest.session.limits.operationMs, {dimms: guest.board.dimms});

/** Names of QEMU's events since a mark. */
export const eventsSince = (guest: CaseGuest, mark: number): string[] =>
  guest.qmp.events.since(mark).map(({event}) => event);

/** device_del of a device by its id, and how the guest answered: for one that the guest never took. */
export const unplugDevice = (guest: CaseGuest, id: string): Promise<UnplugAnswer> =>
  guest.step(`unplug ${id}`, async () =>
    unplug(guest.qmp, await findDevice(guest.qmp, id), guest.session.limits.operationMs, {dimms: guest.board.dimms}),
  );
