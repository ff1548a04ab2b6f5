import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import {framesOf} from '../lib/conformance/expected/frames.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {allocateMemory, type AllocatedMemory} from '../lib/conformance/workload/allocated.ts';
import {movableDimm} from '../lib/conformance/workload/movable-dimm.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {corruptedKiB, freeFrame, poison, type Poison} from '../lib/conformance/guest/poison.ts';
import {allOf, errnosOf} from '../lib/conformance/workload/refused.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

const NEEDS: readonly Need[] = [
  'memory-hotplug',
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
  guest.require(
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
  guest.require(
    {errno, corrupted: corruptedKiB(guest)},
    {errno: 'none', corrupted: before + KIB},
    `${how}_offline_page of 0x${(frame * 4096).toString(16)}: error, and kB of HardwareCorrupted`,
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
      title: `A block with ${how}-offlined pages, used and free ones, still goes offline, and a DIMM of them is removed`,
      claims: [claim[how], 'linux/offline/migrates', 'linux/acpi/unplug'],
      needs: NEEDS,
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

conformance(
  'poison/soft-again',
  {
    title: 'Soft-offlining a page that is out of use already works and counts nothing twice',
    claims: [claim.soft],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    const {allocated} = await allocatedDimm(guest);
    const frame = await allocated.frameOf(100);
    await mustPoison(guest, 'soft', frame);
    const before = guest.now;
    t.is(
      (await poison(guest, 'soft', frame)).errno,
      'none',
      'error of soft_offline_page for the same page',
      'soft_offline_page() returns 0 for a poisoned page',
    );
    t.is(corruptedKiB(guest), KIB, 'kB of HardwareCorrupted', 'still one page');
    guest.expectUnchanged(before, 'after the second time');
  },
);

conformance(
  'poison/unplug-online',
  {
    title: 'A DIMM that is online with bad pages in it is removed on request, and one plugged in its place has none',
    claims: [claim.soft, claim.hard, 'linux/acpi/unplug'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    const {dimm, block, allocated} = await allocatedDimm(guest);
    await mustPoison(guest, 'soft', await allocated.frameOf(100));
    await mustPoison(guest, 'hard', await allocated.frameOf(200));
    await dimm.unplug();
    t.is(await allocated.changedPages(), 1, 'pages that lost their content', 'the hard-offlined one');
    const again = await guest.plugDimm({size: '128M'});
    t.require(again.blockIds, [block.id], 'blocks of the new DIMM', 'the same place');
    await again.online('online_movable');
    t.is((await framesOf(guest, block)).poisoned, 0, 'poisoned page frames in the new block');
    const more = await allocateMemory(guest, 8, 'small');
    t.is(
      {within: await more.pagesIn(block), changed: await more.changedPages()},
      {within: more.pages, changed: 0},
      'pages of another process in the new block, and those that lost their content',
    );
  },
);

conformance(
  'poison/unplug-forgets',
  {
    title: 'Bad pages are no longer counted when the DIMM that they were in has been removed',
    claims: [claim.soft, claim.hard, 'linux/remove/blocks-gone'],
    needs: [...NEEDS, 'kernel>=6.2'],
  },
  async ({t, guest}) => {
    const {dimm, allocated} = await allocatedDimm(guest);
    await mustPoison(guest, 'soft', await allocated.frameOf(100));
    await mustPoison(guest, 'hard', await allocated.frameOf(200));
    await dimm.unplug();
    t.is(
      corruptedKiB(guest),
      0,
      'kB of HardwareCorrupted',
      'since 6.2 each block counts its own and takes them along (remove_memory_block_devices)',
    );
  },
);

conformance(
  'poison/online-refused',
  {
    title: "An offline block with a bad page can't be onlined any more, by any word: EHWPOISON, and nothing changes",
    claims: [claim.soft, claim.hard, 'linux/online/failure-unchanged'],
    needs: [...NEEDS, 'kernel>=6.2'],
  },
  async ({t, guest}) => {
    const {block, allocated} = await allocatedDimm(guest);
    await mustPoison(guest, 'soft', await allocated.frameOf(100));
    await block.offline();
    const before = guest.now;
    for (const word of ['online', 'online_movable', 'online_kernel']) {
      t.is(
        (await block.write('state', word)).errno,
        'EHWPOISON',
        `error when ${word} is written to state`,
        'memory_block_online() refuses blocks with bad pages since 6.2',
      );
    }
    t.is((await block.write('online', '1')).errno, 'EHWPOISON', 'error when 1 is written to online');
    t.is(corruptedKiB(guest), KIB, 'kB of HardwareCorrupted');
    guest.expectUnchanged(before, 'after onlining was refused');
  },
);

conformance(
  'poison/online-allowed',
  {
    title: 'Before 6.2 an offline block with a bad page can be onlined again; the page is counted as bad still',
    claims: [claim.soft],
    needs: [...NEEDS, 'kernel<6.2'],
  },
  async ({t, guest}) => {
    const {block, allocated} = await allocatedDimm(guest);
    await mustPoison(guest, 'soft', await allocated.frameOf(100));
    await block.offline();
    t.is(
      (await block.write('state', 'online_movable')).errno,
      'none',
      'error when online_movable is written to state',
      "nobody remembers a block's bad pages before 6.2",
    );
    t.is(corruptedKiB(guest), KIB, 'kB of HardwareCorrupted');
    t.fact('bad page frames that the block knows of after onlining', (await framesOf(guest, block)).poisoned);
    t.is(await allocated.changedPages(), 0, 'pages of the process that lost their content');
  },
);

/** Errors for an address beyond all memory, and for one of an offline block. Kernels that know of page frames without a struct page call the first busy (7.2). */
const BAD_ADDRESS = {
  soft: {beyond: ['ENXIO'], offline: 'EIO'},
  hard: {beyond: ['ENXIO', 'EBUSY'], offline: 'ENXIO'},
} as const;

for (const how of HOW) {
  conformance(
    `poison/${how}-bad-input`,
    {
      title: `${how}_offline_page refuses texts that are no number, addresses beyond all memory, and those of offline memory; nothing changes`,
      claims: [claim[how], 'linux/offline/bad-input'],
      needs: NEEDS,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: '128M'});
      const before = guest.now;
      const {address} = dimm.device;
      const texts = ['\n', 'x\n', '-1\n', '12 \n', '0x1ffffffffffffffff\n'];
      t.is(
        await errnosOf(guest, `${how}_offline_page`, texts),
        allOf(texts, 'EINVAL'),
        'errors for texts that are no number of 64 bits',
        'kstrtoull()',
      );
      const inside = [`0x${address.toString(16)}\n`, `${address + 1}\n`];
      t.is(
        await errnosOf(guest, `${how}_offline_page`, inside),
        allOf(inside, BAD_ADDRESS[how].offline),
        'errors for addresses of an offline block',
        'it has pages that nobody may touch',
      );
      t.oneOf(
        (await guest.write(`${how}_offline_page`, '0x100000000000')).errno,
        BAD_ADDRESS[how].beyond,
        'error for an address beyond all memory',
      );
      t.is(corruptedKiB(guest), 0, 'kB of HardwareCorrupted');
      guest.expectUnchanged(before, 'after writes that were refused');
    },
  );
}
