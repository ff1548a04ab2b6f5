import {z} from 'zod';
import {read} from '../qmp/read.ts';
import type {VmmEvent} from '../../vmm.ts';

/** What the guest's ACPI driver tells the firmware by _OST. Source: ACPI 6.5 §6.3.5, QEMU qapi/acpi.json. */
export interface Ost {
  /** 1: answer to a plug (device check); 3 or 0x103: to an ejection request. */
  readonly source: number;
  readonly status: number;
  readonly slot: string;
  /** QEMU id; absent in the last report of an unplug that worked, because the device is gone by then. */
  readonly device: string | undefined;
}

const event = z.looseObject({
  info: z.object({
    source: z.int(),
    status: z.int(),
    slot: z.string(),
    device: z.string().optional(),
    'slot-type': z.string(),
  }),
});

export const OST_SUCCESS = 0;
/** 0x84: the guest has begun and will report again. */
export const OST_IN_PROGRESS = 132;

const MEANING: Record<number, string> = {
  0: 'success',
  1: 'non-specific failure',
  128: 'ejection not supported',
  129: 'device in use',
  130: 'device busy',
  131: 'ejection dependency busy',
  132: 'ejection in progress',
};

/** `130 (device busy)` */
export const ostMeaning = (status: number): string => `${status} (${MEANING[status] ?? 'unknown'})`;

/** The _OST report in an event about a DIMM, or undefined for any other event. Throws Broken on one of another form. */
export function ostOf({event: name, data}: VmmEvent): Ost | undefined {
  if (name !== 'ACPI_DEVICE_OST') return undefined;
  const {info} = read(event, data, 'ACPI_DEVICE_OST');
  if (info['slot-type'] !== 'DIMM') return undefined;
  return {source: info.source, status: info.status, slot: info.slot, device: info.device};
}

export const isPlugReport = (ost: Ost | undefined): ost is Ost => ost?.source === 1;
export const isUnplugReport = (ost: Ost | undefined): ost is Ost => ost?.source === 3 || ost?.source === 0x103;
