import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import {framesOf} from '../lib/conformance/expected/frames.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {allocateMemory, type AllocatedMemory} from '../lib/conformance/workload/allocated.ts';
import {movableDimm} from '../lib/conformance/workload/movable-dimm.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {corruptedKiB, freeFrame, poison, type Poison} from '../lib/conformance/guest/poison.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

const NEEDS: readonly Need[] = [
  'device:dimm',
  'memory-hotremove',
  'kernel-config',
  'config:CONFIG_MEMORY_FAILURE',
  'command:perl',
];
const HOW = ['soft', 'hard'] as const;
const claim = {soft: 'linux/sysfs/soft-offline', hard: 'linux/sysfs/hard-offline'} as const;
const KIB = 4;
const SIGBUS = 7;

/** A DIMM of one block in ZONE_MOVABLE, and a process whose memory lies in it. */
async function allocatedDimm(guest: CaseGuest): Promise<{dimm: Dimm; block: MemoryBlock; allocated: AllocatedMemory}> {
  const {dimm, block} = await movableDimm(guest);
  const allocated = await allocateMemory(guest, 8, 'small');
  guest.checks.require(
    await allocated.pagesIn(block),
    allocated.pages,
    'pages of the process in the block',
    '8 MiB of 4 KiB pages; user space is served from ZONE_MOVABLE first',
  );
  return {dimm, block, allocated};
}

/** Poisons a page and ends the case where the kernel refuses. */
async function mustPoison(guest: CaseGuest, how: Poison, frame: number): Promise<void> {
  const before = corruptedKiB(guest);
  const {errno} = await poison(guest, how, frame);
  guest.checks.require(
    {errno, corrupted: corruptedKiB(guest)},
    {errno: 'none', corrupted: before + KIB},
    `${how}_offline_page of 0x${(frame * guest.board.page).toString(16)}: error, and kB of HardwareCorrupted`,
    `${before} kB and one page of ${KIB} kB`,
  );
}

conformance(
  'poison/soft-used',
  {
    title: 'Soft-offlining a page in use moves its content elsewhere, and only that page is out of use',
    claims: [claim.soft],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    const {block, allocated} = await allocatedDimm(guest);
    const before = guest.now;
    const frame = await allocated.frameOf(100);
    await mustPoison(guest, 'soft', frame);
    guest.expectUnchanged(before, 'after soft-offlining a page');
    t.is((await framesOf(guest, block)).poisoned, 1, 'poisoned page frames in the block');
    t.is(
      (await allocated.frameOf(100)) === frame,
      false,
      'the process still has its page in that frame',
      'the page was migrated',
    );
    t.is(await allocated.changedPages(), 0, 'pages that lost their content');
  },
);

conformance(
  'poison/hard-used',
  {
    title:
      'Hard-offlining a page in use loses exactly that page: who touches it gets SIGBUS, all others keep their content',
    claims: [claim.hard],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    const {block, allocated} = await allocatedDimm(guest);
    const before = guest.now;
    await mustPoison(guest, 'hard', await allocated.frameOf(100));
    guest.expectUnchanged(before, 'after hard-offlining a page');
    t.is((await framesOf(guest, block)).poisoned, 1, 'poisoned page frames in the block');
    t.is(
      {
        frame: await allocated.frameOf(100),
        unreadable: await allocated.unreadablePages(),
        changed: await allocated.changedPages(),
      },
      {frame: 0, unreadable: 1, changed: 1},
      "frame of the page, pages that can't be read, and pages without their content",
      'the dirty page of anonymous memory has no copy anywhere',
    );
    t.is(
      {itself: await allocated.signalOf(100), neighbour: await allocated.signalOf(101)},
      {itself: SIGBUS, neighbour: 0},
      'signal of a process that reads the page, and its neighbour',
      '7: SIGBUS; without early kill nobody is signalled before',
    );
  },
);

conformance(
  'poison/hard-page-cache',
  {
    title:
      'Hard-offlining a clean page of the page cache loses nothing: it is read from the disk again, into another page',
    claims: [claim.hard],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    const {block} = await allocatedDimm(guest);
    const file = await allocateMemory(guest, 8, 'disk');
    t.require(
      await file.pagesIn(block),
      file.pages,
      'pages of the file in the block',
      '8 MiB of page cache, mapped; it is served from ZONE_MOVABLE first',
    );
    const frame = await file.frameOf(100);
    await mustPoison(guest, 'hard', frame);
    t.is(await file.changedPages(), 0, 'pages that lost their content', 'the file was written to the disk before');
    t.is((await file.frameOf(100)) === frame, false, 'the page lies in that frame again');
    t.is((await framesOf(guest, block)).poisoned, 1, 'poisoned page frames in the block');
  },
);

for (const how of HOW) {
  conformance(
    `poison/${how}-free`,
    {
      title: `${how === 'soft' ? 'Soft' : 'Hard'}-offlining a free page takes it out of use, and nothing else happens`,
      claims: [claim[how]],
      needs: NEEDS,
    },
    async ({t, guest}) => {
      const {block, allocated} = await allocatedDimm(guest);
      const before = guest.now;
      await mustPoison(guest, how, await freeFrame(guest, block));
      guest.expectUnchanged(before, 'after a free page was taken out of use');
      t.is((await framesOf(guest, block)).poisoned, 1, 'poisoned page frames in the block');
      t.is(await allocated.changedPages(), 0, 'pages of the process that lost their content');
    },
  );

  conformance(
    `poison/${how}-then-offline`,
    {
      title:
        `A block with ${how}-offlined pages, used and free ones, still goes offline, and a DIMM of them ` +
        `is removed`,
      claims: [claim[how], 'linux/offline/migrates', 'linux/acpi/unplug'],
      needs: [...NEEDS, 'acpi'],
    },
    async ({t, guest}) => {
      const {dimm, block, allocated} = await allocatedDimm(guest);
      const lost = how === 'hard' ? 1 : 0;
      await mustPoison(guest, how, await allocated.frameOf(100));
      await mustPoison(guest, how, await freeFrame(guest, block));
      await block.offline();
      t.is(
        await allocated.changedPages(),
        lost,
        'pages that lost their content',
        how === 'hard' ? 'the one that was in use' : 'soft-offlining moves them',
      );
      t.is(
        {corrupted: corruptedKiB(guest), movable: zone(guest.now, 'Movable').present},
        {corrupted: 2 * KIB, movable: 0},
        'kB of HardwareCorrupted and present pages of zone Movable',
        "both pages are still known to be bad; the zone's only block is offline",
      );
      await dimm.unplug();
      t.is(await allocated.changedPages(), lost, 'pages that lost their content after the DIMM is gone');
    },
  );
}
