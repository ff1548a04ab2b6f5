import type {Changed, Protocol, VmmEvent} from '../../vmm.ts';
import {MiB} from '../../../util/size.ts';
import {strangeDlpar} from './event-ledger.ts';

/** What a DIMM is added and removed by: SPAPR_MEMORY_BLOCK_SIZE in QEMU's include/hw/ppc/spapr.h. */
export const LMB = 256 * MiB;

/**
 * `pseries-hotplug-mem: Memory at 40000000 (drc index 80000004) was hot-added`, one a logical memory block. Source:
 * arch/powerpc/platforms/pseries/hotplug-memory.c.
 */
const CHANGED = /\bpseries-hotplug-mem: Memory at ([0-9a-f]+) \(drc index [0-9a-f]+\) was hot-(added|removed)/;

/** What the kernel says of logical memory blocks that it added and removed. */
export const changedIn = (kernelLog: readonly string[]): Changed[] =>
  kernelLog.flatMap((line) => {
    const [, start, what] = CHANGED.exec(line) ?? [];
    return start === undefined ? [] : [{start: Number.parseInt(start, 16), size: LMB, isThere: what === 'added'}];
  });

/** Does an event end the removal of a device: it is gone, or the guest keeps it? */
export const endsUnplug =
  (id: string) =>
  ({event, data}: VmmEvent): boolean =>
    ['DEVICE_DELETED', 'DEVICE_UNPLUG_GUEST_ERROR'].includes(event) && data['device'] === id;

/**
 * By dynamic logical partitioning (PAPR): QEMU puts an event into the guest's log, the kernel takes each logical memory
 * block from its connector, onlines it, and tells nobody but its own log. Removing it offlines it first; where that
 * can't be, the kernel puts all back and QEMU tells that the guest keeps it.
 */
export const dlpar: Protocol = {accepted: () => [], changedIn, failedSlots: () => [], strange: strangeDlpar};
