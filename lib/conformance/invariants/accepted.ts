import type {Observation} from '../../guest/observation.ts';
import {isPlugReport, ostOf} from '../../vmm/devices/ost.ts';
import type {QmpEvent} from '../../vmm/qemu/qmp/events.ts';

/** `acpi PNP0C80:0a: add_memory failed`: the number is the slot's, in the order of the ACPI devices. Source: drivers/acpi/acpi_memhotplug.c. */
const ADD_FAILED = /\bPNP0C80:([0-9a-f]+): add_memory failed/;

/** The slots of which the kernel has said since the last look that it couldn't add their memory. */
export const failedSlots = ({kernelLog}: Pick<Observation, 'kernelLog'>): number[] =>
  kernelLog.flatMap((line) => ADD_FAILED.exec(line)?.[1] ?? []).map((slot) => Number.parseInt(slot, 16));

/**
 * Which of QEMU's memory devices the guest has accepted: those that were there at boot, and those whose plug it answered
 * with success. A failed addition is answered with success as well (docs/findings/failed-add-reported-as-success.md);
 * the kernel's log tells it.
 */
export class AcceptedDevices {
  readonly #cold: ReadonlySet<string>;
  readonly #failed = new Set<number>();

  constructor(first: Observation) {
    this.#cold = new Set(first.qemu.devices.map(({id}) => id));
  }

  /** Takes note of what the kernel said since the last look, and forgets devices that are gone. */
  look({kernelLog, qemu}: Observation): void {
    const slots = new Set(qemu.devices.map(({slot}) => slot));
    for (const slot of this.#failed) if (!slots.has(slot)) this.#failed.delete(slot);
    for (const slot of failedSlots({kernelLog})) this.#failed.add(slot);
  }

  /** Ids of the devices accepted, given QEMU's devices now and all of its events. */
  ids(now: Observation, events: readonly QmpEvent[]): Set<string> {
    const reported = events
      .map((event) => ostOf(event))
      .filter((ost) => isPlugReport(ost) && ost.status === 0)
      .map((ost) => ost?.device);
    const failed = now.qemu.devices.filter(({slot}) => slot !== null && this.#failed.has(slot)).map(({id}) => id);
    return new Set([...this.#cold, ...reported].filter((id): id is string => id !== undefined && !failed.includes(id)));
  }
}
