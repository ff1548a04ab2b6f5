import type {WriteResult} from '../../guest/write.ts';
import type {MemoryDevice} from '../../vmm/vmm.ts';
import {Broken} from '../../util/errors.ts';
import {tryPlug} from '../host/qemu.ts';
import {veto} from '../workload/refused.ts';
import type {CaseGuest} from './guest.ts';

/**
 * Gives the machine a DIMM of one block that the guest doesn't take by itself: by ACPI in a boot with
 * `acpi_no_memhotplug`, by DLPAR because its onlining is vetoed once. Ends the case where QEMU refuses it, or the guest
 * takes it.
 */
export async function plugUntaken(guest: CaseGuest, id: string): Promise<MemoryDevice> {
  if (guest.board.dimms === 'dlpar') {
    await veto(guest, 'MEM_GOING_ONLINE', 1);
    const {taken} = await guest.step(`plug ${id}, whose onlining is vetoed`, () =>
      guest.plug({kind: 'dimm', id, size: guest.inBlocks(1)}),
    );
    guest.checks.require(taken, false, 'the kernel takes it by DLPAR');
    await veto(guest, 'MEM_GOING_ONLINE', 0);
  } else {
    const {words} = await tryPlug(guest, {id, size: guest.inBlocks(1)});
    guest.checks.require(words, '', "QEMU's answer to the DIMM");
  }
  const device = guest.now.vmm.devices.find((one) => one.id === id);
  if (!device) throw new Broken(`${guest.vmm.name} has taken the device ${id}, and doesn't list it`);
  return device;
}

/**
 * Writes the address of a device of one block to the file `probe`, by which the guest takes it. A step. Source:
 * probe_store() in drivers/base/memory.c; needs CONFIG_ARCH_MEMORY_PROBE.
 */
export function probe(guest: CaseGuest, {id, address}: MemoryDevice): Promise<WriteResult> {
  guest.session.taken.set(id, true);
  return guest.write('probe', `0x${address.toString(16)}`);
}
