import type {Observation} from '../../guest/observation.ts';
import type {Protocol, VmmEvent} from '../../vmm/vmm.ts';

/**
 * Which of the memory devices the guest has accepted: those that were there at boot, and those whose plug it answered
 * with success. By ACPI a failed addition is answered with success as well
 * (docs/findings/failed-add-reported-as-success.md); the kernel's log tells it.
 */
export class AcceptedDevices {
  readonly #cold: ReadonlySet<string>;
  readonly #protocol: Protocol;
  readonly #failed = new Set<number>();

  constructor(first: Observation, protocol: Protocol) {
    this.#cold = new Set(first.vmm.devices.map(({id}) => id));
    this.#protocol = protocol;
  }

  /** Takes note of what the kernel said since the last look, and forgets devices that are gone. */
  look({kernelLog, vmm}: Observation): void {
    const slots = new Set(vmm.devices.map(({slot}) => slot));
    for (const slot of this.#failed) if (!slots.has(slot)) this.#failed.delete(slot);
    for (const slot of this.#protocol.failedSlots(kernelLog)) this.#failed.add(slot);
  }

  /** Ids of the devices accepted, given the devices that there are now and all events. */
  ids(now: Observation, events: readonly VmmEvent[]): Set<string> {
    const failed = now.vmm.devices.filter(({slot}) => slot !== null && this.#failed.has(slot)).map(({id}) => id);
    return new Set([...this.#cold, ...this.#protocol.accepted(events)].filter((id) => !failed.includes(id)));
  }
}
