// Huge pages of 1 GiB, and pages whose memory map is partly given back.
import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {allocateMemory} from '../lib/conformance/workload/allocated.ts';
import {hugePages} from '../lib/conformance/guest/hugepages.ts';
import {compareReleases, type Need} from '../lib/conformance/runner/needs.ts';
import {calmKhugepaged, calmWatchdog} from '../lib/conformance/workload/quiet.ts';
import {watchOffline} from '../lib/conformance/guest/waiting.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

const NEEDS: readonly Need[] = ['device:dimm', 'memory-hotremove', 'command:perl', 'config:CONFIG_HUGETLB_PAGE'];
const SMALL_PER_HUGE = 512;
const GIGANTIC = 1048576;
const OPTIMIZE = '/proc/sys/vm/hugetlb_optimize_vmemmap';

/**
 * Offlines a block of zone Movable. Each page in use there need be migrated once; where far more migrations have been
 * counted it goes round in circles, and where the kernel finds its pages in a bad state it may never end: then it is
 * aborted, and the case ends.
 */
async function expectOffline(guest: CaseGuest, block: MemoryBlock): Promise<void> {
  const migrated = 'awk \'$1 == "pgmigrate_success" {print $2}\' /proc/vmstat';
  const bugs = 'dmesg | grep -c "BUG: "';
  const {present, free} = zone(guest.now, 'Movable');
  // before, a huge page counted as one
  const most = (compareReleases(guest.facts.kernel, '5.17') < 0 ? 1 : 3) * (present - free);
  const [before = 0, bugsBefore = 0] = (await guest.sh(`${migrated}; ${bugs}; true`)).split('\n').map(Number);
  const {errno} = await watchOffline(guest, block, `offline ${block.name}`, (watch, pid) =>
    watch.run(
      `while kill -0 ${pid} 2>/dev/null; do if [ $(${migrated}) -gt ${before + most} ] || [ $(${bugs}) -gt ` +
        `${bugsBefore} ]; then kill -ALRM ${pid}; break; fi; done; ${migrated}`,
      guest.limits.operationMs,
    ),
  );
  guest.checks.require(
    errno,
    'none',
    'error of offlining',
    `EINTR where it was aborted: more than ${most} migrations had been counted meanwhile ` +
      `(pgmigrate_success) although ${present - free} pages were in use in the zone, or the kernel had found a bug`,
  );
}

conformance(
  'movable/hvo',
  {
    title: 'A block with optimized huge pages (HVO) goes offline while there is kernel memory for their memory map',
    claims: ['linux/movable/hvo', 'linux/movable/hugepages'],
    needs: [...NEEDS, 'kernel>=6.11', 'config:CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP'],
  },
  async ({t, guest}) => {
    const memmap = async (): Promise<number> =>
      Number((await guest.sh('grep ^nr_memmap_pages /proc/vmstat')).split(' ')[1]);
    await calmKhugepaged(guest);
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const [block, other] = [guest.block(dimm.blockIds[0] ?? 0), guest.block(dimm.blockIds[1] ?? 0)];
    await block.online('online_movable');
    const pool = hugePages(guest);
    await guest.write(OPTIMIZE, '1');
    const pages = await memmap();
    await pool.grow(4);
    const allocated = await allocateMemory(guest, 8, 'hugetlb');
    t.require(await allocated.pagesIn(block), allocated.pages, 'pages of a process in the block');
    t.is(
      pages - (await memmap()),
      4 * 7,
      'pages of memory map that the huge pages have given back (nr_memmap_pages)',
      '7 of the 8 pages that describe each of 4 huge pages (hugetlb_vmemmap.c)',
    );
    await other.online('online_movable');
    await expectOffline(guest, block);
    t.is(
      {
        before: await allocated.pagesIn(block),
        now: await allocated.pagesIn(other),
        changed: await allocated.changedPages(),
      },
      {before: 0, now: allocated.pages, changed: 0},
      'pages in the block, pages in the other Movable block, and pages that lost their content',
    );
    t.is(
      pages - (await memmap()),
      4 * 7,
      'pages of memory map that are given back now',
      'the block has its whole memory map again; the huge pages of the other one are optimized',
    );
  },
);

/** A DIMM of 3 GiB, wherever a GiB may be whole in it; all blocks online by one word. */
async function plugForGigantic(
  guest: CaseGuest,
  word: 'online_movable' | 'online_kernel',
): Promise<readonly MemoryBlock[]> {
  await calmKhugepaged(guest);
  await calmWatchdog(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({size: '3G'});
  await dimm.online(word);
  return dimm.blocks;
}

for (const [word, count, name, title] of [
  ['online_movable', 0, 'none', "A gigantic page (1 GiB) can't be had from ZONE_MOVABLE, though it has 3 GiB free"],
  ['online_kernel', 1, 'normal', 'A gigantic page (1 GiB) can be had from a kernel zone that has 3 GiB free'],
] as const) {
  conformance(
    `movable/gigantic-${name}`,
    {title, claims: ['linux/movable/gigantic'], needs: NEEDS, seconds: 60},
    async ({t, guest}) => {
      const blocks = await plugForGigantic(guest, word);
      t.is(
        await hugePages(guest, GIGANTIC).ask(1),
        count,
        'gigantic pages in the pool after one was asked for',
        count === 0
          ? 'they are unmovable, and boot memory is too small for one'
          : 'there are three whole GiB in it, and hardly anything is in use',
      );
      t.is(
        blocks.every(({state}) => state === 'online'),
        true,
        'all blocks are online',
      );
    },
  );
}

conformance(
  'movable/gigantic-sysctl',
  {
    title:
      'With vm.movable_gigantic_pages=1 a gigantic page can be had from ZONE_MOVABLE, and a free one goes ' +
      'with its blocks',
    claims: ['linux/movable/gigantic'],
    needs: [...NEEDS, 'kernel>=7.0'],
    seconds: 60,
  },
  async ({t, guest}) => {
    const blocks = await plugForGigantic(guest, 'online_movable');
    const pool = hugePages(guest, GIGANTIC);
    const sysctl = '/proc/sys/vm/movable_gigantic_pages';
    t.is(
      {sysctl: await guest.read(sysctl), pages: await pool.ask(1)},
      {sysctl: '0', pages: 0},
      'the default of the sysctl, and gigantic pages after one was asked for',
    );
    await guest.write(sysctl, '1');
    const free = zone(guest.now, 'Movable').free;
    t.is(await pool.ask(1), 1, 'gigantic pages after the sysctl was set and one was asked for');
    t.atLeast(
      free - zone(guest.now, 'Movable').free,
      SMALL_PER_HUGE * SMALL_PER_HUGE,
      'pages of zone Movable in use since',
      '1 GiB',
    );
    for (const block of blocks) await block.offline();
    t.is(
      await pool.state(),
      {total: 0, free: 0, surplus: 0},
      'the pool when all blocks are offline',
      'the free gigantic page was dissolved',
    );
  },
);

conformance(
  'movable/gigantic-in-use',
  {
    title:
      'A gigantic page in use keeps its block from going offline for as long as there is no other to take its content',
    claims: ['linux/movable/gigantic', 'linux/offline/may-retry-forever'],
    needs: NEEDS,
    seconds: 90,
  },
  async ({t, guest}) => {
    const blocks = await plugForGigantic(guest, 'online_kernel');
    await hugePages(guest, GIGANTIC).grow(1);
    const allocated = await allocateMemory(guest, 1024, 'gigantic');
    t.require(
      await allocated.pagesIn(...blocks),
      allocated.pages,
      'pages with content in the DIMM',
      'one in each 2 MiB of the gigantic page',
    );
    const block = guest.block(Math.floor(((await allocated.frameOf(0)) * guest.board.page) / guest.blockSize));
    const before = guest.now;
    const ended = await watchOffline(
      guest,
      block,
      `offline ${block.name}, send SIGALRM while it is going-offline`,
      (watch, pid) => watch.run(`kill -ALRM ${pid}`, guest.limits.shellMs),
    );
    t.oneOf(
      ended.errno,
      ['EINTR', 'EBUSY'],
      'error of the write',
      "no gigantic page is made for a migration: it is tried again and again until it is aborted; 6.1 can't " +
        'isolate a part of so large a page',
    );
    guest.expectUnchanged(before, 'after the aborted offlining');
    t.is(await allocated.changedPages(), 0, 'pages that lost their content');
  },
);
