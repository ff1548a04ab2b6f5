import type {NewDimm} from '../../vmm/qemu/devices/dimm.ts';
import type {CaseGuest} from './guest.ts';
import {SYSFS_MEMORY} from './sysfs.ts';

/**
 * Plugs a DIMM as the first memory device, which the guest may fail to add: has it, as its first block tells, and what
 * did it answer? By ACPI a failed addition is answered with success as well
 * (docs/findings/failed-add-reported-as-success.md), so the invariants go by the block. A step.
 */
export async function plugAndLook(
  guest: CaseGuest,
  spec: Omit<NewDimm, 'kind'>,
): Promise<{taken: boolean; words: string}> {
  return guest.step(`plug ${spec.id}, ${spec.size}, and look for its block`, async () => {
    guest.session.taken.delete(spec.id);
    const {words} = await guest.plug({kind: 'dimm', ...spec});
    const taken = (await guest.sh(`[ ! -e ${SYSFS_MEMORY}/memory${guest.deviceBlock} ] || echo there`)) !== '';
    guest.session.taken.set(spec.id, taken);
    return {taken, words};
  });
}
