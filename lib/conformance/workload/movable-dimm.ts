import type {MemoryBlock} from '../guest/block.ts';
import type {Checks} from '../verdict/checks.ts';
import type {Dimm} from '../guest/dimm.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {allocateMemory, type AllocatedMemory} from './allocated.ts';
import {calmKhugepaged} from './quiet.ts';

/** Plugs a DIMM of one block and onlines it to ZONE_MOVABLE, where user space then gets its memory first. */
export async function movableDimm(guest: CaseGuest): Promise<{dimm: Dimm; block: MemoryBlock}> {
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
  await dimm.online('online_movable');
  return {dimm, block: guest.block(dimm.blockIds[0] ?? 0)};
}

/**
 * Plugs a DIMM of one Movable block with data and an offline one, and one in Normal beside it. Ends the case where the
 * data lies elsewhere.
 */
export async function dimmWithData(
  t: Checks,
  guest: CaseGuest,
): Promise<{dimm: Dimm; movable: MemoryBlock; allocated: AllocatedMemory}> {
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({id: 'dimm0', size: guest.inBlocks(2)});
  const movable = guest.block(dimm.blockIds[0] ?? -1);
  await movable.online('online_movable');
  await (await guest.plugDimm({id: 'dimm1', size: guest.inBlocks(1)})).online('online_kernel');
  const allocated = await allocateMemory(guest, 64, 'small');
  const why = '64 MiB of 4 KiB pages; what can be moved is served from ZONE_MOVABLE first';
  t.require(await allocated.pagesIn(movable), allocated.pages, `pages with data in ${movable.name}`, why);
  return {dimm, movable, allocated};
}
