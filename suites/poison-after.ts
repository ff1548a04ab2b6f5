// What becomes of poisoned pages later: a second time, with their DIMM, and when their block is onlined.
import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import {framesOf} from '../lib/conformance/expected/frames.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {allocateMemory, type AllocatedMemory} from '../lib/conformance/workload/allocated.ts';
import {movableDimm} from '../lib/conformance/workload/movable-dimm.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {corruptedKiB, poison, type Poison} from '../lib/conformance/guest/poison.ts';
import {allOf, errnosOf} from '../lib/conformance/workload/refused.ts';

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
    needs: [...NEEDS, 'acpi'],
  },
  async ({t, guest}) => {
    const {dimm, block, allocated} = await allocatedDimm(guest);
    await mustPoison(guest, 'soft', await allocated.frameOf(100));
    await mustPoison(guest, 'hard', await allocated.frameOf(200));
    await dimm.unplug();
    t.is(await allocated.changedPages(), 1, 'pages that lost their content', 'the hard-offlined one');
    const again = await guest.plugDimm({size: guest.inBlocks(1)});
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

/**
 * Errors for an address beyond all memory, and for one of an offline block. Kernels that know of page frames without a
 * struct page call the first busy (7.2).
 */
const BAD_ADDRESS = {
  soft: {beyond: ['ENXIO'], offline: 'EIO'},
  hard: {beyond: ['ENXIO', 'EBUSY'], offline: 'ENXIO'},
} as const;

for (const how of HOW) {
  conformance(
    `poison/${how}-bad-input`,
    {
      title:
        `${how}_offline_page refuses texts that are no number, addresses beyond all memory, and those of ` +
        `offline memory; nothing changes`,
      claims: [claim[how], 'linux/offline/bad-input'],
      needs: NEEDS,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
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
