// What users report, part four: memory blocks of more than 128 MiB, as guests with much memory have them.
import {GiB} from '../lib/conformance/expected/units.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {largestBlock} from '../lib/conformance/expected/block-size.ts';
import {ostMeaning, plugAndHear, unplugDevice} from '../lib/conformance/host/qemu.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

const HEAD = {
  needs: ['device:dimm', 'memory-hotremove', 'vmm:qemu', 'acpi', 'arch:amd64'] as const,
  machine: 'q35-large-blocks',
  boot: boots.largeBlocks,
};

conformance(
  'field/blocks-size',
  {
    title: 'A guest whose memory ends at 64 GiB has memory blocks of the largest size that divides that end: 2 GiB',
    claims: ['field/blocks/size'],
    ...HEAD,
  },
  ({t, guest}) => {
    const {value, because} = largestBlock(guest.now, guest.board);
    t.is(value, 2 * GiB, 'size of a block, by the ledger', because);
    t.is(guest.blockSize, value, 'block_size_bytes', because);
    t.is(
      guest.now.blocks.map(({id, validZones}) => `memory${id} ${validZones.join(' ')}`),
      ['memory0 none', 'memory31 Normal'],
      'blocks of boot memory, and their zones',
      'the lowest and the highest 2 GiB; the first has DMA and DMA32 in it',
    );
    return Promise.resolve();
  },
);

/** DIMMs that would do for blocks of 128 MiB. */
const UNALIGNED = {
  'size-below-a-block': {gib: 1, address: 64 * GiB},
  'size-between-blocks': {gib: 3, address: 64 * GiB},
  'address-inside-a-block': {gib: 2, address: 65 * GiB},
} as const;

for (const [name, {gib, address}] of Object.entries(UNALIGNED)) {
  conformance(
    `field/blocks-refused-${name}`,
    {
      title:
        `With blocks of 2 GiB a DIMM of ${gib} GiB at ${address / GiB} GiB is QEMU's and not the guest's; ` +
        `nothing of it is added, and it can be taken out`,
      claims: ['field/blocks/alignment', 'linux/blocks/smallest-unit'],
      ...HEAD,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const before = guest.now;
      const status = await plugAndHear(guest, {id: 'odd', size: `${gib}G`, address});
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
          `Block size [0x80000000] unaligned hotplug range: start 0x${address.toString(16)}, size ` +
            `0x${(gib * GiB).toString(16)}`,
        ],
        'what the kernel says of it',
        'check_hotplug_memory_range() in mm/memory_hotplug.c asks for whole blocks',
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
  'field/blocks-life',
  {
    title:
      'A DIMM of 2 GiB is one block where blocks have 2 GiB: it goes online, offline and away as a whole, ' +
      'and a larger one has several',
    claims: ['field/blocks/size', 'linux/acpi/plug', 'linux/acpi/unplug'],
    ...HEAD,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const {memTotal: total, now: before} = guest;
    const dimm = await guest.plugDimm({size: '2G'});
    t.is(
      dimm.blocks.map(({name, state}) => `${name} ${state}`),
      ['memory32 offline'],
      'blocks of the DIMM',
      '64 GiB / 2 GiB is the number of the first block behind boot memory',
    );
    await dimm.online('online_movable');
    t.is(guest.memTotal, total + (2 * GiB) / 1024, 'MemTotal in kB with the block online', `${total} and 2 GiB`);
    t.is(zone(guest.now, 'Movable').present, guest.pagesOf(2 * GiB), 'present pages of ZONE_MOVABLE');
    await dimm.offline();
    t.is(guest.memTotal, total, 'MemTotal in kB with the block offline', 'as before');
    t.is((await dimm.requestUnplug()).outcome, 'removed', 'how the request to take it out ended');
    guest.expectUnchanged(before, 'after the unplug');
    const larger = await guest.plugDimm({size: '4G'});
    await larger.blocks[0]?.online('online_movable');
    t.is(
      larger.blocks.map(({name, state}) => `${name} ${state}`),
      ['memory32 online', 'memory33 offline'],
      'blocks of a DIMM of 4 GiB in its place, the first of them onlined',
    );
    t.is(
      (await larger.requestUnplug()).outcome,
      'removed',
      'how the request to take it out with one block online ended',
    );
    guest.expectUnchanged(before, 'after the second unplug');
  },
);
