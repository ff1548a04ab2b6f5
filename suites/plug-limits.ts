// The suite plug, part three: what is too small, too many, and what it costs.
import {MiB, GiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {
  addDimm,
  eventMark,
  ostMeaning,
  plugAndHear,
  plugAnswer,
  tryPlug,
  unplugDevice,
} from '../lib/conformance/host/qemu.ts';

/** Pages that one page of memory map describes. */
const PAGES_OF_MEMMAP = 64;

/** DIMMs that QEMU takes, because they are aligned to 2 MiB, and that are no whole blocks of the guest. */
const UNALIGNED = {
  'size-below-a-block': {mib: 64, address: 4 * GiB},
  'size-between-blocks': {mib: 192, address: 4 * GiB},
  'address-inside-a-block': {mib: 128, address: 4 * GiB + 64 * MiB},
} as const;

for (const [name, {mib, address}] of Object.entries(UNALIGNED)) {
  conformance(
    `plug/refused-${name}`,
    {
      title:
        `A DIMM of ${mib} MiB at 0x${address.toString(16)}, which is no whole blocks, is QEMU's and not ` +
        `the guest's; nothing of it is added, and it can be taken out`,
      claims: ['linux/blocks/smallest-unit'],
      needs: ['device:dimm', 'memory-hotremove', 'vmm:qemu', 'acpi'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const before = guest.now;
      const status = await plugAndHear(guest, {id: 'odd', size: `${mib}M`, address});
      t.is(
        ostMeaning(status),
        '1 (non-specific failure)',
        "the guest's answer to the plug (_OST)",
        'adding the memory fails with EINVAL, for which ACPI has no better status',
      );
      const unaligned = guest.now.kernelLog
        .filter((line) => line.includes('unaligned hotplug range'))
        .map((line) => line.replace(/^\[ *[\d.]+\] /, ''));
      t.is(
        unaligned,
        [
          `Block size [0x${guest.blockSize.toString(16)}] unaligned hotplug range: start ` +
            `0x${address.toString(16)}, size 0x${(mib * MiB).toString(16)}`,
        ],
        'what the kernel says of it',
        'check_hotplug_memory_range() in mm/memory_hotplug.c asks for whole blocks',
      );
      t.is(
        guest.now.vmm.devices.map(({id}) => id),
        ['odd'],
        "QEMU's memory devices",
      );
      guest.expectUnchanged(before, 'after the addition failed', {but: 'vmm'});
      t.is(
        (await unplugDevice(guest, 'odd')).outcome,
        'removed',
        'how the request to take it out ended',
        'nothing of it is in use',
      );
      guest.expectUnchanged(before, 'after it was taken out');
    },
  );
}

conformance(
  'plug/metadata-cost',
  {
    title:
      'Adding a DIMM takes its memory map from the memory that is there, though all of its blocks stay ' +
      'offline; removing it gives that back',
    claims: ['linux/add/metadata-cost'],
    needs: ['device:dimm', 'memory-hotremove', 'kernel>=6.11'],
  },
  async ({t, guest}) => {
    // /proc/vmstat counts the pages of memory maps that came from the page allocator since 6.11 (mm/mm_init.c,
    // memmap_pages_add).
    const memmap = async (): Promise<number> =>
      Number((await guest.sh('grep ^nr_memmap_pages /proc/vmstat')).split(' ')[1]);
    await guest.setPolicy('offline');
    const [pages, before] = [await memmap(), guest.now];
    const dimm = await guest.plugDimm({size: '4G'});
    const cost = guest.pagesOf(dimm.size) / PAGES_OF_MEMMAP;
    t.is(
      dimm.blocks.map(({state}) => state),
      dimm.blocks.map(() => 'offline'),
      'states of its blocks',
    );
    t.is(
      await memmap(),
      pages + cost,
      'pages of memory maps (nr_memmap_pages) after the plug',
      `${pages} before + ${guest.pagesOf(dimm.size)} pages / 64: struct page has 64 bytes`,
    );
    await dimm.unplug();
    t.is(await memmap(), pages, 'pages of memory maps after the unplug', 'as before');
    guest.expectUnchanged(before, 'after plug and unplug');
  },
);

conformance(
  'plug/all-slots',
  {
    title:
      'As many DIMMs as there are slots can be plugged, each in the next slot with its own block; one more is refused',
    claims: ['qemu/slots/any-combination', 'qemu/slots/first-empty', 'linux/blocks/naming'],
    needs: ['device:dimm', 'vmm:qemu', 'acpi'],
    machine: 'q35-many-slots',
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const {slots} = guest.machine;
    const boot = guest.now.blocks.map(({id}) => id);
    const ids = Array.from({length: slots}, (_, i) => `small${i}`);
    const statuses = await guest.step(`plug ${slots} DIMMs of 128 MiB`, async () => {
      const answers: number[] = [];
      for (const id of ids) {
        const mark = eventMark(guest);
        await addDimm(guest, {id, size: guest.inBlocks(1)});
        answers.push(await plugAnswer(guest, mark, id));
      }
      return answers;
    });
    t.is(
      statuses,
      ids.map(() => 0),
      "the guest's answers (_OST)",
      '0: success',
    );
    t.is(
      guest.now.vmm.devices.map(({id, slot}) => `${id} ${slot ?? 'nowhere'}`),
      ids.map((id, slot) => `${id} ${slot}`),
      "QEMU's memory devices and their slots",
      'the first empty slot each time',
    );
    const first = guest.board.deviceMemory / guest.blockSize;
    t.is(
      guest.now.blocks.map(({id}) => id),
      [...boot, ...ids.map((_, i) => first + i)],
      'memory blocks',
      `those of boot memory, and ${slots} from 4 GiB on`,
    );
    const full = guest.now;
    const more = await tryPlug(guest, {id: 'more', size: guest.inBlocks(1)});
    t.is(more.accepted, false, 'QEMU accepts one DIMM more', more.words);
    guest.expectUnchanged(full, 'after one DIMM too many');
  },
);
