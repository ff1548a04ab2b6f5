import {MiB} from '../lib/conformance/expected/units.ts';
import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {framesOf} from '../lib/conformance/expected/frames.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {allocateMemory, type AllocatedAs, type AllocatedMemory} from '../lib/conformance/workload/allocated.ts';
import {hugePages} from '../lib/conformance/guest/hugepages.ts';
import {movableDimm} from '../lib/conformance/workload/movable-dimm.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';

import {zone} from '../lib/conformance/expected/zones.ts';

const MIB = 8;
const NEEDS: readonly Need[] = ['device:dimm', 'memory-hotremove', 'command:perl'];

/**
 * User data that can lie in ZONE_MOVABLE. `offline/migrates-…` has already seen some of them through offlining alone.
 */
const KINDS: readonly {as: AllocatedAs; what: string; needs?: readonly Need[]; offlined?: true}[] = [
  {as: 'small', what: 'Small pages of a process', offlined: true},
  {
    as: 'huge',
    what: 'Transparent huge pages of a process',
    needs: ['config:CONFIG_TRANSPARENT_HUGEPAGE'],
    offlined: true,
  },
  {as: 'locked', what: 'Pages that a process has locked', offlined: true},
  {as: 'shared', what: 'Shared anonymous pages'},
  {as: 'memfd', what: 'Pages of a memfd'},
  {as: 'tmpfs', what: 'Mapped pages of a file on a tmpfs'},
  {as: 'disk', what: 'Mapped page cache of a file on the disk'},
  {as: 'hugetlb', what: 'Huge pages of 2 MiB from the pool', needs: ['config:CONFIG_HUGETLB_PAGE']},
];

/** Holds 8 MiB and ends the case where they aren't all in the block. */
async function holdIn(guest: CaseGuest, block: MemoryBlock, as: AllocatedAs): Promise<AllocatedMemory> {
  if (as === 'hugetlb') await hugePages(guest).grow((MIB * MiB) / 2 ** 21);
  const allocated = await allocateMemory(guest, MIB, as);
  guest.checks.require(
    await allocated.pagesIn(block),
    allocated.pages,
    `pages of it in ${block.name}`,
    `${MIB} MiB of 4 KiB pages; what can be moved is served from ZONE_MOVABLE first`,
  );
  return allocated;
}

/** Checks that the data has left the block and reads as it was written. */
async function expectElsewhere(
  allocated: AllocatedMemory,
  block: MemoryBlock,
  guest: CaseGuest,
  when: string,
): Promise<void> {
  const {checks} = guest;
  checks.is(
    await allocated.pagesIn(block),
    0,
    `pages of it in ${block.name} ${when}`,
    "page frames of /proc/PID/pagemap against the block's",
  );
  checks.is(
    await allocated.changedPages(),
    0,
    `pages that lost their content ${when}`,
    `each of ${allocated.pages} pages has content of its own`,
  );
}

for (const {as, what, needs = [], offlined} of KINDS) {
  if (!offlined) {
    conformance(
      `integrity/offline-${as}`,
      {
        title: `${what} leave a block that goes offline, and none of their data is lost`,
        claims: ['linux/offline/migrates', 'linux/movable/user-pages'],
        needs: [...NEEDS, ...needs],
      },
      async ({t, guest}) => {
        const {block} = await movableDimm(guest);
        const allocated = await holdIn(guest, block, as);
        await block.offline();
        await expectElsewhere(allocated, block, guest, 'afterwards');
        t.is(
          zone(guest.now, 'Movable'),
          {free: 0, present: 0, managed: 0},
          'free, present and managed pages of zone Movable',
          'its only block is offline',
        );
      },
    );
  }

  conformance(
    `integrity/round-trip-${as}`,
    {
      title: `${what} survive offline, online and offline again, together with more of them that come in between`,
      claims: ['linux/offline/migrates', 'linux/movable/user-pages'],
      needs: [...NEEDS, ...needs],
    },
    async ({t, guest}) => {
      const {block} = await movableDimm(guest);
      const first = await holdIn(guest, block, as);
      await block.offline();
      await expectElsewhere(first, block, guest, 'after the first offlining');
      t.is(
        (await framesOf(guest, block)).shown,
        0,
        'page frames of the offline block that /proc/kpageflags shows',
        "it shows none of memory that isn't online",
      );
      await block.online('online_movable');
      const second = await holdIn(guest, block, as);
      t.is(
        await first.changedPages(),
        0,
        'pages of the first that lost their content while the block was filled again',
      );
      await block.offline();
      await expectElsewhere(first, block, guest, 'of the first after the second offlining');
      await expectElsewhere(second, block, guest, 'of the second after the second offlining');
    },
  );

  conformance(
    `integrity/unplug-${as}`,
    {
      title: `${what} survive the removal of the DIMM that they lay in`,
      claims: ['linux/offline/migrates', 'linux/acpi/unplug', 'linux/movable/user-pages'],
      needs: [...NEEDS, ...needs, 'acpi'],
    },
    async ({t, guest}) => {
      const {dimm, block} = await movableDimm(guest);
      const allocated = await holdIn(guest, block, as);
      await dimm.unplug();
      await expectElsewhere(allocated, block, guest, 'after the DIMM is gone');
      t.is(guest.now.vmm.devices, [], "QEMU's memory devices");
    },
  );
}
