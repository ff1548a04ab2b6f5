import type {MemoryBlock} from './block.ts';
import type {Dimm} from './dimm.ts';
import type {CaseGuest} from './guest.ts';
import {calmKhugepaged} from './quiet.ts';

/** Plugs a DIMM of one block and onlines it to ZONE_MOVABLE, where user space then gets its memory first. */
export async function movableDimm(guest: CaseGuest): Promise<{dimm: Dimm; block: MemoryBlock}> {
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({size: '128M'});
  await dimm.online('online_movable');
  return {dimm, block: guest.block(dimm.blockIds[0] ?? 0)};
}
