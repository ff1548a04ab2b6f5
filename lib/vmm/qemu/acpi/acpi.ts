import type {Protocol} from '../../vmm.ts';
import {strangeEvents} from './event-ledger.ts';
import {isPlugReport, OST_SUCCESS, ostOf} from './ost.ts';

/**
 * `acpi PNP0C80:0a: add_memory failed`: the number is the slot's, in the order of the ACPI devices. Source:
 * drivers/acpi/acpi_memhotplug.c.
 */
const ADD_FAILED = /\bPNP0C80:([0-9a-f]+): add_memory failed/;

/**
 * By ACPI: QEMU notifies the guest's firmware, its driver (PNP0C80) evaluates _OST, and QEMU tells of that by
 * ACPI_DEVICE_OST.
 */
export const acpi: Protocol = {
  accepted: (events) =>
    events
      .map((event) => ostOf(event))
      .flatMap((ost) => (isPlugReport(ost) && ost.status === OST_SUCCESS ? (ost.device ?? []) : [])),
  failedSlots: (kernelLog) =>
    kernelLog.flatMap((line) => ADD_FAILED.exec(line)?.[1] ?? []).map((slot) => Number.parseInt(slot, 16)),
  strange: strangeEvents,
};
