import {MiB, GiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {churn} from '../lib/conformance/workload/churn.ts';
import {STRUCT_PAGE} from '../lib/conformance/expected/memmap.ts';
import {framesOf} from '../lib/conformance/expected/frames.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {allocateMemory} from '../lib/conformance/workload/allocated.ts';
import {fillKernelMemory} from '../lib/conformance/workload/load.ts';
import {movableDimm} from '../lib/conformance/workload/movable-dimm.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {calmKhugepaged} from '../lib/conformance/workload/quiet.ts';
import {watchOffline} from '../lib/conformance/guest/waiting.ts';
import {pagesPerBlock, zone} from '../lib/conformance/expected/zones.ts';

const NEEDS: readonly Need[] = ['device:dimm', 'memory-hotremove', 'command:perl'];
const TABLES = 1024;

conformance(
  'movable/no-kernel-pages',
  {
    title:
      'However much the kernel allocates, no slab page, page table or reserved page is in a Movable block; ' +
      'user pages are',
    claims: ['linux/movable/only-movable-allocations', 'linux/movable/page-tables', 'linux/movable/user-pages'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    await calmKhugepaged(guest);
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const [movable, normal] = [guest.block(dimm.blockIds[0] ?? 0), guest.block(dimm.blockIds[1] ?? 0)];
    await movable.online('online_movable');
    await normal.online('online_kernel');
    await fillKernelMemory(guest);
    const allocated = await allocateMemory(guest, 2 * TABLES, 'sparse');
    t.is(
      await allocated.pagesIn(movable),
      TABLES,
      'pages of a process in the Movable block',
      'one in each 2 MiB of its address space; user space is served from ZONE_MOVABLE first',
    );
    const [there, here] = [await framesOf(guest, movable), await framesOf(guest, normal)];
    t.is(
      {slab: there.slab, pageTable: there.pageTable, reserved: there.reserved},
      {slab: 0, pageTable: 0, reserved: 0},
      'page frames of the Movable block that the kernel uses itself',
      'flags of all its frames in /proc/kpageflags',
    );
    t.atLeast(there.anonymous, TABLES, 'page frames of the Movable block with anonymous memory', "the process's pages");
    t.atLeast(
      here.pageTable,
      TABLES,
      'page frames of the Normal block with page tables',
      `each of ${TABLES} pages needs a table of 4 KiB of its own; boot memory is DMA32 here, so the kernel ` +
        `takes pages from Normal first`,
    );
    t.is(
      here.slab > 0,
      true,
      'page frames of the Normal block with slabs: there are some',
      'inodes and dentries of 4000 directories',
    );
  },
);

conformance(
  'movable/user-pages-everywhere',
  {
    title: 'When ZONE_MOVABLE is full, user pages come from the kernel zones as well',
    claims: ['linux/movable/user-pages'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    const {dimm} = await movableDimm(guest);
    const allocated = await allocateMemory(guest, 160, 'small');
    const inside = await allocated.pagesIn(...dimm.blocks);
    t.is(
      inside > 0 && inside <= pagesPerBlock(guest.now),
      true,
      'some of its pages lie in the block',
      `${inside} of ${allocated.pages}; the block has ${pagesPerBlock(guest.now)}`,
    );
    t.is(await allocated.changedPages(), 0, 'pages that lost their content');
    await allocated.release();
  },
);

conformance(
  'movable/memmap-in-kernel-zones',
  {
    title:
      'Metadata of added memory, even of offline blocks, is taken from the kernel zones, although ' +
      'ZONE_MOVABLE has more free pages',
    claims: ['linux/movable/offline-cost', 'linux/movable/only-movable-allocations'],
    needs: ['device:dimm', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await calmKhugepaged(guest);
    await guest.setPolicy('offline');
    const small = await guest.plugDimm({size: guest.inBlocks(8)});
    await small.online('online_movable');
    const [kernel, movable] = await freePages(guest);
    t.is(movable > kernel, true, 'ZONE_MOVABLE has more free pages than the kernel zones', `${movable} and ${kernel}`);
    const large = await guest.plugDimm({size: '4G'});
    t.is(
      large.blocks.map(({state}) => state),
      large.blocks.map(() => 'offline'),
      'states of the new blocks',
    );
    const [kernelAfter, movableAfter] = await freePages(guest);
    const memmap = guest.pagesOf(guest.pagesOf(large.size) * STRUCT_PAGE);
    t.is(
      kernel - kernelAfter > movable - movableAfter,
      true,
      'the kernel zones have lost more pages by it than ZONE_MOVABLE',
      `${kernel - kernelAfter} and ${movable - movableAfter}; 64 bytes for each page of ` +
        `${large.size / GiB} GiB are ${memmap} pages`,
    );
  },
);

/**
 * Free pages of the kernel zones, and of ZONE_MOVABLE: those in the zones and those in the lists of each CPU, which may
 * keep many since 6.7.
 */
async function freePages(guest: CaseGuest): Promise<[kernel: number, movable: number]> {
  const out = await guest.sh(
    'awk \'/^Node/ {zone = $4 == "Movable"} $1 == "pages" && $2 == "free" {sum[zone] += $3} $1 == "count:" ' +
      "{sum[zone] += $2} END {print sum[0], sum[1]}' /proc/zoneinfo",
  );
  const [kernel = 0, movable = 0] = out.trim().split(' ').map(Number);
  return [kernel, movable];
}

for (const [name, times] of [
  ['three-to-one', 3],
  ['four-to-one', 4],
] as const) {
  conformance(
    `movable/${name}`,
    {
      title: `${times} times the boot memory as Movable memory beside it work: it is onlined, used and removed again`,
      claims: ['linux/movable/imbalance'],
      needs: NEEDS,
      machine: 'q35-small',
    },
    async ({t, guest}) => {
      await calmKhugepaged(guest);
      await guest.setPolicy('online_movable');
      const wanted = times * guest.now.vmm.base;
      const dimm = await guest.plugDimm({size: `${wanted / MiB}M`});
      t.is(
        dimm.blocks.map(({validZones}) => validZones.join(' ')),
        dimm.blocks.map(() => 'Movable'),
        'zones of its blocks',
      );
      t.is(
        zone(guest.now, 'Movable').managed,
        guest.pagesOf(wanted),
        'managed pages of zone Movable',
        `${times} times the boot RAM that QEMU gives`,
      );
      t.fact(
        'Movable to kernel memory',
        Math.round(
          (100 * zone(guest.now, 'Movable').managed * 4) / (guest.memTotal - zone(guest.now, 'Movable').managed * 4),
        ) / 100,
      );
      const allocated = await allocateMemory(guest, 32, 'small');
      t.is(await allocated.pagesIn(...dimm.blocks), allocated.pages, 'pages of a process in it');
      await dimm.unplug();
      t.is(await allocated.changedPages(), 0, 'pages that lost their content when it was removed');
    },
  );
}

conformance(
  'movable/offline-reliable',
  {
    title:
      'A Movable block goes offline at once in each of five rounds while processes allocate, rewrite and free memory',
    claims: ['linux/movable/offline-reliable', 'linux/offline/migrates'],
    needs: NEEDS,
    seconds: 60,
  },
  async ({t, guest}) => {
    await calmKhugepaged(guest);
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await dimm.online('online_movable');
    const allocated = await allocateMemory(guest, 16, 'small');
    t.is(await allocated.pagesIn(...dimm.blocks), allocated.pages, 'pages of a process in the DIMM at first');
    const load = await churn(guest);
    for (const round of [1, 2, 3, 4, 5]) {
      for (const block of dimm.blocks)
        t.is(
          (await block.write('state', 'offline')).errno,
          'none',
          `error when ${block.name} is taken offline, round ${round}`,
        );
      t.is(
        zone(guest.now, 'Movable'),
        {free: 0, present: 0, managed: 0},
        `free, present and managed pages of zone Movable, round ${round}`,
      );
      await dimm.online('online_movable');
    }
    t.atLeast(await load.end(), 1, 'times that the load went through its memory meanwhile', 'it ran');
    t.is(await allocated.changedPages(), 0, 'pages of the process that lost their content');
  },
);

conformance(
  'movable/pin-moves-out',
  {
    title:
      'Memory that an io_uring pins for long is moved out of a Movable block first, so the block still goes offline',
    claims: ['linux/movable/long-term-pins'],
    needs: [...NEEDS, 'kernel>=5.13', 'config:CONFIG_IO_URING'],
  },
  async ({t, guest}) => {
    const {dimm} = await movableDimm(guest);
    const allocated = await allocateMemory(guest, 8, 'registered');
    t.atLeast(zone(guest.now, 'Movable').free, 8 * 256, 'free pages of zone Movable', 'there is room for all of it');
    t.is(
      await allocated.pagesIn(...dimm.blocks),
      0,
      'pages of it in the Movable block',
      'a page pinned there could never be moved again; since 5.13 they are migrated before',
    );
    t.is(await allocated.changedPages(), 0, 'pages that lost their content on the way');
    await dimm.offline();
    t.is(await allocated.changedPages(), 0, 'pages that lost their content when the block went offline');
    await dimm.unplug();
  },
);

conformance(
  'movable/pin-stays',
  {
    title:
      'Before 5.13 memory that an io_uring pins stays in its Movable block, and offlining goes on until it is aborted',
    claims: ['linux/movable/long-term-pins', 'linux/offline/may-retry-forever'],
    needs: [...NEEDS, 'kernel<5.13', 'config:CONFIG_IO_URING'],
  },
  async ({t, guest}) => {
    const {block} = await movableDimm(guest);
    const allocated = await allocateMemory(guest, 8, 'registered');
    t.is(
      await allocated.pagesIn(block),
      allocated.pages,
      'pages of it in the Movable block',
      'FOLL_LONGTERM moved only pages of CMA areas then',
    );
    const before = guest.now;
    const ended = await watchOffline(
      guest,
      block,
      `offline ${block.name}, send SIGALRM while it is going-offline`,
      (watch, pid) => watch.run(`kill -ALRM ${pid}`, guest.limits.shellMs),
    );
    t.is(
      {meanwhile: ended.meanwhile?.[block.name], errno: ended.errno},
      {meanwhile: 'going-offline', errno: 'EINTR'},
      'state of the block meanwhile, and error of the write',
    );
    guest.expectUnchanged(before, 'after the aborted offlining');
    t.is(await allocated.changedPages(), 0, 'pages that lost their content');
    await allocated.release();
    await block.offline();
  },
);
