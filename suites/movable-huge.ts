import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {framesOf} from '../lib/conformance/expected/frames.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {allocateMemory} from '../lib/conformance/workload/allocated.ts';
import {hugePages} from '../lib/conformance/guest/hugepages.ts';
import {movableDimm} from '../lib/conformance/workload/movable-dimm.ts';
import {compareReleases, type Need} from '../lib/conformance/runner/needs.ts';
import {calmKhugepaged} from '../lib/conformance/workload/quiet.ts';
import {watchOffline} from '../lib/conformance/guest/waiting.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

const NEEDS: readonly Need[] = ['device:dimm', 'memory-hotremove', 'command:perl', 'config:CONFIG_HUGETLB_PAGE'];
const SMALL_PER_HUGE = 512;

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
  'movable/huge-page-supply',
  {
    title: 'Huge pages that are asked for at run time come from ZONE_MOVABLE, and free ones go with their block',
    claims: ['linux/movable/hugepages', 'linux/movable/huge-page-supply'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    const {block} = await movableDimm(guest);
    const pool = hugePages(guest);
    await pool.grow(16);
    t.is(
      (await framesOf(guest, block)).hugetlb,
      16 * SMALL_PER_HUGE,
      'page frames of the block in huge pages',
      '16 huge pages of 512 each; on x86 they can be migrated, so ZONE_MOVABLE serves them first',
    );
    await block.offline();
    t.is(
      await pool.state(),
      {total: 0, free: 0, surplus: 0},
      'the pool afterwards',
      'free huge pages of a block that goes offline are dissolved',
    );
  },
);

conformance(
  'movable/huge-pages-in-use',
  {
    title:
      'Huge pages in use leave their block with their content and stay in the pool; the free ones in the ' +
      'block leave the pool',
    claims: ['linux/movable/hugepages', 'linux/offline/migrates'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    const {block} = await movableDimm(guest);
    const pool = hugePages(guest);
    await pool.grow(8);
    const allocated = await allocateMemory(guest, 8, 'hugetlb');
    t.require(
      {inside: await allocated.pagesIn(block), pool: await pool.state()},
      {inside: allocated.pages, pool: {total: 8, free: 4, surplus: 0}},
      'pages of the process in the block, and the pool',
      '4 of 8 huge pages are used, all of them in the block',
    );
    await expectOffline(guest, block);
    t.is(
      {inside: await allocated.pagesIn(block), changed: await allocated.changedPages()},
      {inside: 0, changed: 0},
      'pages in the block afterwards, and pages that lost their content',
    );
    t.is(
      await pool.state(),
      {total: 4, free: 0, surplus: 0},
      'the pool afterwards',
      '8, less the 4 free ones that were dissolved with the block; those in use were replaced one for one',
    );
  },
);

conformance(
  'movable/huge-pages-elsewhere',
  {
    title: 'Free huge pages outside the block take the content of those in it, before new ones are made',
    claims: ['linux/movable/hugepages', 'linux/offline/migrates'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    await calmKhugepaged(guest);
    const pool = hugePages(guest);
    await pool.grow(4);
    const elsewhere = await allocateMemory(guest, 8, 'hugetlb');
    const {block} = await movableDimm(guest);
    await pool.grow(4);
    const allocated = await allocateMemory(guest, 8, 'hugetlb');
    t.require(
      await allocated.pagesIn(block),
      allocated.pages,
      'pages of a process in the block',
      "the pool's other huge pages were made, and used, before the block was there",
    );
    await elsewhere.release();
    t.require(
      await pool.state(),
      {total: 8, free: 4, surplus: 0},
      'the pool',
      '4 free huge pages in boot memory, 4 used ones in the block',
    );
    await expectOffline(guest, block);
    t.is(
      {inside: await allocated.pagesIn(block), changed: await allocated.changedPages()},
      {inside: 0, changed: 0},
      'pages in the block afterwards, and pages that lost their content',
    );
    t.is(
      await pool.state(),
      {total: 4, free: 0, surplus: 0},
      'the pool afterwards',
      'the 4 free ones are used now; the 4 in the block were dissolved',
    );
  },
);
