import type {Observation} from '../../guest/observation.ts';
import type {MemoryDevice, Protocol, VmmEvent} from '../../vmm/vmm.ts';

/**
 * Which of the memory devices the guest has accepted: those that were there at boot, and those whose plug it answered
 * with success. By ACPI a failed addition is answered with success as well
 * (docs/findings/failed-add-reported-as-success.md); the kernel's log tells it. By DLPAR its log is all that tells.
 */
export class AcceptedDevices {
  readonly #cold: ReadonlySet<string>;
  readonly #protocol: Protocol;
  readonly #failed = new Set<number>();
  /** Sizes of the parts that the kernel says to have added, by their addresses. */
  readonly #added = new Map<number, number>();

  constructor(first: Observation, protocol: Protocol) {
    this.#cold = new Set(first.vmm.devices.map(({id}) => id));
    this.#protocol = protocol;
  }

  /** Takes note of what the kernel said since the last look, and forgets devices that are gone. */
  look({kernelLog, vmm}: Observation): void {
    const slots = new Set(vmm.devices.map(({slot}) => slot));
    for (const slot of this.#failed) if (!slots.has(slot)) this.#failed.delete(slot);
    for (const slot of this.#protocol.failedSlots(kernelLog)) this.#failed.add(slot);
    for (const {start, size, isThere} of this.#protocol.changedIn?.(kernelLog) ?? [])
      if (isThere) this.#added.set(start, size);
      else this.#added.delete(start);
  }

  /** Ids of the devices accepted, given the devices that there are now and all events. */
  ids(now: Observation, events: readonly VmmEvent[]): Set<string> {
    const failed = now.vmm.devices.filter(({slot}) => slot !== null && this.#failed.has(slot)).map(({id}) => id);
    const added = now.vmm.devices.filter((device) => this.#isAdded(device)).map(({id}) => id);
    return new Set([...this.#cold, ...this.#protocol.accepted(events), ...added].filter((id) => !failed.includes(id)));
  }

  /** Has the kernel said of every part of a device that it added it? */
  #isAdded({address, size}: MemoryDevice): boolean {
    let end: number = address;
    for (let part = this.#added.get(end); part !== undefined; part = this.#added.get(end)) end += part;
    return size > 0 && end >= address + size;
  }
}
