import type {Checks} from '../verdict/checks.ts';
import type {Dimm} from '../guest/dimm.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {allocateMemory} from '../workload/allocated.ts';
import {calmKhugepaged} from '../workload/quiet.ts';
import {watchOffline} from '../guest/waiting.ts';

/** A block in ZONE_MOVABLE with pages in it that can't be migrated, until they are released. */
export interface PinnedBlock {
  readonly dimm: Dimm;
  readonly id: number;
  /** Offlines it and kills the writer while it is going-offline. */
  readonly abort: (t: Checks) => Promise<void>;
  readonly release: () => Promise<void>;
}

/**
 * Plugs a DIMM of three blocks, onlines the middle one to Movable and lets a process pin memory there, which then comes
 * from nowhere else; its neighbours are onlined afterwards. Needs `command:perl`.
 */
export async function pinnedBlock(
  guest: CaseGuest,
  neighbours: 'online_kernel' | 'online_movable' | undefined,
): Promise<PinnedBlock> {
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({id: 'dimm', size: guest.inBlocks(3)});
  const id = dimm.blockIds[1] ?? 0;
  const block = guest.block(id);
  await block.online('online_movable');
  const allocated = await allocateMemory(guest, 4, 'pinned');
  guest.session.checks.require(
    await allocated.pagesIn(block),
    allocated.pages,
    `pages of the process in ${block.name}`,
    'user space is served from ZONE_MOVABLE first, and it has no other block',
  );
  if (neighbours) for (const i of [0, 2]) await dimm.blocks[i]?.online(neighbours);
  return {
    dimm,
    id,
    abort: async (t) => {
      const title = `offline ${block.name}, kill the writer while it is going-offline`;
      const {errno, meanwhile} = await watchOffline(guest, block, title, (watch, pid) =>
        watch.run(`kill -KILL ${pid}`, guest.session.limits.shellMs),
      );
      t.is(
        {errno, meanwhile: meanwhile?.[block.name]},
        {errno: 'killed', meanwhile: 'going-offline'},
        'how the write ended, and state of the block meanwhile',
      );
      t.is(await allocated.changedPages(), 0, 'pages that lost their content');
    },
    release: () => allocated.release(),
  };
}
