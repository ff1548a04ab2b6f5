import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** A range of memory as the firmware tells to which NUMA node it belongs. */
export interface Affinity {
  readonly node: number;
  readonly start: number;
  readonly size: number;
  /** May memory appear there while the guest runs? */
  readonly hotplug: boolean;
}

const HEADER = 48;
const MEMORY_AFFINITY = 1;

/** The enabled memory ranges of the guest's SRAT, in its order. Source: ACPI 6.5 §5.2.16. */
export async function memoryAffinities(guest: CaseGuest): Promise<Affinity[]> {
  const table = Buffer.from((await guest.sh('base64 /sys/firmware/acpi/tables/SRAT')).replaceAll('\n', ''), 'base64');
  if (table.toString('latin1', 0, 4) !== 'SRAT') throw new Broken("the guest's SRAT doesn't begin with its signature");
  const found: Affinity[] = [];
  for (let at = HEADER; at + 2 <= table.length; at += table.readUInt8(at + 1)) {
    if (table.readUInt8(at + 1) === 0) throw new Broken("the guest's SRAT has an entry of no length");
    const flags = table.readUInt8(at) === MEMORY_AFFINITY ? table.readUInt32LE(at + 28) : 0;
    if ((flags & 1) === 0) continue;
    found.push({
      node: table.readUInt32LE(at + 2),
      start: Number(table.readBigUInt64LE(at + 8)),
      size: Number(table.readBigUInt64LE(at + 16)),
      hotplug: (flags & 2) !== 0,
    });
  }
  return found;
}
