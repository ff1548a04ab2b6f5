import {GiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {largestBlock} from '../lib/conformance/expected/block-size.ts';
import {memoryOf} from '../lib/conformance/expected/zones.ts';
import {modesIn} from '../lib/conformance/guest/files.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {devicesNow, eventMark, eventsSince} from '../lib/conformance/host/qemu.ts';
import {listen, told} from '../lib/conformance/udev/uevents.ts';

/** _STA of each of the guest's ACPI memory devices, in the order of slots: 0 empty, 15 present and working. */
const acpiSlots = async (guest: CaseGuest): Promise<string[]> =>
  (
    await guest.sh(
      'for n in $(seq 0 255); do d=/sys/bus/acpi/devices/PNP0C80:$(printf %02x $n); [ -d $d ] || break; cat ' +
        '$d/status; done',
    )
  )
    .trim()
    .split('\n');

conformance(
  'plug/block-size',
  {
    title: 'All memory blocks have the size of one section, and together they cover boot memory exactly',
    claims: ['linux/blocks/uniform'],
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    const {value: size, because} = largestBlock(guest.now, guest.board);
    t.is(
      await guest.read('block_size_bytes'),
      size.toString(16),
      'block_size_bytes',
      `hexadecimal without 0x; ${because}`,
    );
    const {blocks, blockSize} = guest.now;
    const ram = memoryOf(guest.now);
    const ids = new Set(
      ram.flatMap(({start, end}) => range(Math.floor(start / blockSize), Math.ceil(end / blockSize))),
    );
    t.is(
      blocks.map(({id}) => id),
      [...ids].sort((a, b) => a - b),
      'blocks of boot memory',
      'every block_size range of the address space that holds System RAM, and no other',
    );
  },
);

conformance(
  'plug/block-names',
  {
    title: "A DIMM's blocks are named after its physical address, wherever in the address space it is put",
    claims: ['linux/blocks/naming', 'linux/blocks/uniform'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    for (const address of [undefined, 6 * GiB]) {
      const before = guest.now.blocks.map(({id}) => id);
      const dimm = await guest.plugDimm({size: guest.inBlocks(2), ...(address === undefined ? {} : {address})});
      const from = dimm.device.address / guest.blockSize;
      const fresh = guest.now.blocks.filter(({id}) => !before.includes(id));
      t.is(
        fresh.map(({id}) => id),
        [from, from + 1],
        `new blocks of ${dimm.id}`,
        `QEMU put it at 0x${dimm.device.address.toString(16)}, divided by the block size`,
      );
      t.is(
        fresh.map(({physIndex}) => Number.parseInt(physIndex ?? '', 16) * guest.blockSize),
        [dimm.device.address, dimm.device.address + guest.blockSize],
        `addresses that phys_index of ${dimm.id}'s blocks gives`,
      );
    }
  },
);

conformance(
  'plug/creates-blocks',
  {
    title: 'Plugging a DIMM creates one block for each block size of it, with every file that other blocks have',
    claims: ['linux/add/creates-blocks', 'linux/sysfs/block-files'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const boot = await modesIn(guest, guest.firstBlock.name);
    const count = guest.now.blocks.length;
    const dimm = await guest.plugDimm({size: guest.inBlocks(3)});
    t.is(guest.now.blocks.length, count + 3, 'number of blocks', `${count} and 384 MiB / 128 MiB`);
    for (const block of dimm.blocks)
      t.is(
        await modesIn(guest, block.name),
        boot,
        `files of ${block.name} and their modes`,
        'the same as of boot memory',
      );
  },
);

conformance(
  'plug/offline-not-counted',
  {
    title:
      'Plugged memory that is offline is in no statistics: not in the total, the nodes, the zones or the free pages',
    claims: ['linux/add/offline-not-counted'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now;
    const dimm = await guest.plugDimm({size: guest.inBlocks(8)});
    const {meminfo, zones, nodeTotals} = guest.now;
    t.is(
      dimm.blocks.map(({state}) => state),
      dimm.blocks.map(() => 'offline'),
      'states of its blocks',
    );
    t.is(meminfo['MemTotal'], before.meminfo['MemTotal'], 'MemTotal');
    t.is(nodeTotals, before.nodeTotals, 'MemTotal of the nodes');
    for (const field of ['present', 'managed', 'spanned'] as const) {
      t.is(
        zones.map((zone) => `${zone.name} ${zone[field]}`),
        before.zones.map((zone) => `${zone.name} ${zone[field]}`),
        `${field} pages of the zones`,
      );
    }
    t.is(
      zones.filter(({present}) => present === 0).map(({name, free}) => `${name} ${free}`),
      before.zones.filter(({present}) => present === 0).map(({name}) => `${name} 0`),
      'free pages of the zones that no memory is in',
    );
  },
);

conformance(
  'plug/acpi',
  {
    title: "The ACPI driver answers a plug with success once, and binds the new blocks to the slot's PNP0C80 device",
    claims: ['linux/acpi/plug', 'qemu/options/m'],
    needs: ['device:dimm', 'vmm:qemu', 'acpi'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const slots = guest.machine.slots;
    const empty = Array.from({length: slots}, () => '0');
    t.is(
      await acpiSlots(guest),
      empty,
      'status of the ACPI memory devices before',
      `the machine has ${slots} slots and all are empty`,
    );
    const mark = eventMark(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(2), slot: 3});
    t.is(
      eventsSince(guest, mark),
      ['ACPI_DEVICE_OST'],
      "QEMU's events since the plug",
      'one report, and its status is success',
    );
    t.is(
      await acpiSlots(guest),
      empty.map((status, slot) => (slot === 3 ? '15' : status)),
      'status of the ACPI memory devices after',
      'slot 3 is taken; 15: present, enabled, shown, working (ACPI _STA)',
    );
    for (const {name} of dimm.blocks) {
      t.is(
        (await guest.read(`${name}/firmware_node/path`))?.replace(/^.*\./, ''),
        'MP03',
        `ACPI device of ${name}`,
        'QEMU names the device of slot 3 so',
      );
      t.is(await guest.read(`${name}/firmware_node/hid`), 'PNP0C80', `hardware id of ${name}'s ACPI device`);
    }
  },
);

conformance(
  'plug/uevent-file',
  {
    title: "A block's uevent file sends the uevent that is written to it, for this block, and changes nothing",
    claims: ['linux/sysfs/uevent-file', 'linux/sysfs/uevents'],
    needs: ['device:dimm', 'command:udevadm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await guest.sh('udevadm settle');
    const [before, heard] = [guest.now, await listen(guest)];
    const [low, high] = dimm.blocks.map(({name}) => name);
    for (const [name, action] of [
      [low, 'change'],
      [high, 'online'],
      [high, 'change'],
    ] as const)
      t.is(
        (await guest.write(`${name ?? ''}/uevent`, action)).errno,
        'none',
        `error when ${action} is written to ${name ?? ''}/uevent`,
      );
    t.is(
      told(await heard(), 'kernel'),
      [`change ${low ?? ''}`, `online ${high ?? ''}`, `change ${high ?? ''}`],
      'uevents from the kernel',
      'one for each write, in order',
    );
    guest.expectUnchanged(before, 'after uevents that were asked for');
  },
);

conformance(
  'plug/beside-each-other',
  {
    title: 'DIMMs of different sizes plugged one after another each bring exactly their own blocks',
    claims: ['linux/blocks/naming', 'qemu/slots/any-combination'],
    needs: ['device:dimm', 'vmm:qemu'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const boot = guest.now.blocks.map(({id}) => id);
    const dimms = [];
    for (const count of [1, 4, 2]) dimms.push(await guest.plugDimm({size: guest.inBlocks(count)}));
    t.is(
      dimms.map(({blockIds}) => blockIds.length),
      [1, 4, 2],
      'blocks a DIMM',
    );
    const ids = dimms.flatMap(({blockIds}) => blockIds).sort((a, b) => a - b);
    t.is(new Set(ids).size, 7, 'no block belongs to two DIMMs');
    t.is(
      guest.now.blocks.map(({id}) => id).filter((id) => !boot.includes(id)),
      ids,
      'new blocks',
      'the address ranges of the three DIMMs',
    );
    t.is(
      (await devicesNow(guest)).map(({slot}) => slot),
      [0, 1, 2],
      'their slots',
    );
  },
);

function range(from: number, to: number): number[] {
  return Array.from({length: to - from}, (_, i) => from + i);
}
