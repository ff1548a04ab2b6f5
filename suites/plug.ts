import {conformance} from '../lib/conformance/runner/case.ts';
import {modesIn, readErrno, writeErrno} from '../lib/conformance/guest/files.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {devicesNow, eventMark, eventsSince} from '../lib/conformance/host/qemu.ts';
import {listen, told} from '../lib/conformance/udev/uevents.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** The documented files of a block. Modes: drivers/base/memory.c and drivers/base/core.c. */
const BLOCK_FILES = {
  online: '644',
  phys_device: '444',
  phys_index: '444',
  removable: '444',
  state: '644',
  uevent: '644',
  valid_zones: '444',
};

/** Files of /sys/devices/system/memory: mode, and the option without which it isn't there. */
const GLOBAL_FILES: readonly (readonly [string, string, string])[] = [
  ['auto_online_blocks', '644', 'CONFIG_MEMORY_HOTPLUG'],
  ['block_size_bytes', '444', 'CONFIG_MEMORY_HOTPLUG'],
  ['crash_hotplug', '444', 'CONFIG_CRASH_HOTPLUG'],
  ['hard_offline_page', '200', 'CONFIG_MEMORY_FAILURE'],
  ['probe', '200', 'CONFIG_ARCH_MEMORY_PROBE'],
  ['soft_offline_page', '200', 'CONFIG_MEMORY_FAILURE'],
  ['uevent', '644', 'CONFIG_MEMORY_HOTPLUG'],
];

const isWriteOnly = (mode: string): boolean => mode === '200';

/** _STA of each of the guest's ACPI memory devices, in the order of slots: 0 empty, 15 present and working. */
const acpiSlots = async (guest: CaseGuest): Promise<string[]> =>
  (
    await guest.sh(
      'for n in $(seq 0 255); do d=/sys/bus/acpi/devices/PNP0C80:$(printf %02x $n); [ -d $d ] || break; cat $d/status; done',
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
    t.is(
      await guest.read('block_size_bytes'),
      (128 * MiB).toString(16),
      'block_size_bytes',
      'hexadecimal without 0x; below 64 GiB of RAM an x86_64 guest has blocks of one section, 128 MiB (arch/x86/mm/init_64.c)',
    );
    const {iomem, blocks, blockSize} = guest.now;
    const ram = iomem.filter(({name}) => name === 'System RAM');
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
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    for (const address of [undefined, 6 * GiB]) {
      const before = guest.now.blocks.map(({id}) => id);
      const dimm = await guest.plugDimm({size: '256M', ...(address === undefined ? {} : {address})});
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
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const boot = await modesIn(guest, 'memory0');
    const count = guest.now.blocks.length;
    const dimm = await guest.plugDimm({size: '384M'});
    t.is(guest.now.blocks.length, count + 3, 'number of blocks', `${count} and 384 MiB / 128 MiB`);
    for (const block of dimm.blocks)
      t.is(await modesIn(guest, block.name), boot, `files of ${block.name} and their modes`, "the same as memory0's");
  },
);

conformance(
  'plug/offline-not-counted',
  {
    title:
      'Plugged memory that is offline is in no statistics: not in the total, the nodes, the zones or the free pages',
    claims: ['linux/add/offline-not-counted'],
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now;
    const dimm = await guest.plugDimm({size: '1G'});
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
    needs: ['memory-hotplug'],
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
    const dimm = await guest.plugDimm({size: '256M', slot: 3});
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
  'plug/global-files',
  {
    title: "The files of the memory subsystem are those that the kernel's config asks for, with the documented modes",
    claims: ['linux/sysfs/global-files', 'linux/auto/readable', 'linux/probe/availability'],
    needs: ['memory-hotplug', 'kernel-config'],
  },
  async ({t, guest}) => {
    const {config} = guest.facts;
    const expected = Object.fromEntries(
      GLOBAL_FILES.filter(([, , option]) => config?.[option] !== undefined).map(([name, mode]) => [name, mode]),
    );
    t.is(
      await modesIn(guest),
      expected,
      'files and their modes',
      `the kernel's config has ${[...new Set(GLOBAL_FILES.map(([, , option]) => option))].filter((option) => config?.[option]).join(', ')}`,
    );
    t.oneOf(
      await guest.read('auto_online_blocks'),
      ['offline', 'online', 'online_kernel', 'online_movable'],
      'auto_online_blocks',
    );
    if ('crash_hotplug' in expected) t.oneOf(await guest.read('crash_hotplug'), ['0', '1'], 'crash_hotplug');
  },
);

conformance(
  'plug/file-directions',
  {
    title: "Files that are only to be read can't be opened for writing, nor the others for reading, even by root",
    claims: ['linux/sysfs/global-files', 'linux/sysfs/block-files'],
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    const files: Record<string, string> = {...(await modesIn(guest))};
    for (const [name, mode] of Object.entries(await modesIn(guest, 'memory0'))) files[`memory0/${name}`] = mode;
    for (const [file, mode] of Object.entries(files)) {
      if (mode === '444') t.is(await writeErrno(guest, file), 'EACCES', `error when ${file} is opened for writing`);
      else
        t.is(
          await readErrno(guest, file),
          isWriteOnly(mode) ? 'EACCES' : 'none',
          `error when ${file} is opened for reading`,
          `its mode is ${mode}`,
        );
    }
  },
);

conformance(
  'plug/block-files',
  {
    title: 'Every block, of boot memory or plugged, has its documented files, modes and contents',
    claims: ['linux/sysfs/block-files'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await guest.plugDimm({size: '256M'});
    for (const block of guest.now.blocks) {
      t.is(await modesIn(guest, `memory${block.id}`), BLOCK_FILES, `files of memory${block.id} and their modes`);
      t.is(block.physDevice, '0', `memory${block.id}: phys_device`, 'only s390x has storage increments');
      t.oneOf(block.removable, ['0', '1'], `memory${block.id}: removable`);
      t.oneOf(
        block.validZones.join(' '),
        block.state === 'online' ? ['DMA', 'DMA32', 'Normal', 'Movable', 'none'] : ['Normal Movable', 'Movable Normal'],
        `memory${block.id}: valid_zones`,
      );
    }
  },
);

conformance(
  'plug/node-links',
  {
    title: 'A plugged block and its node link to each other while it is there, and nothing is left when it is gone',
    claims: ['linux/sysfs/node-links'],
    needs: ['memory-hotplug', 'numa'],
  },
  async ({t, guest}) => {
    const links = async (): Promise<string[]> =>
      (await guest.sh('cd /sys/devices/system/node/node0 && ls -1d memory[0-9]*')).trim().split('\n').sort();
    await guest.setPolicy('offline');
    const before = await links();
    const dimm = await guest.plugDimm({size: '256M'});
    t.is(
      await links(),
      [...before, ...dimm.blocks.map(({name}) => name)].sort(),
      'links of node0 after the plug',
      `${before.length} before, and the DIMM's blocks`,
    );
    for (const {name} of dimm.blocks) {
      t.is(
        (
          await guest.sh(
            `for link in node/node0/${name} memory/${name}/node0; do readlink -f /sys/devices/system/$link; done`,
          )
        )
          .trim()
          .split('\n'),
        [`/sys/devices/system/memory/${name}`, '/sys/devices/system/node/node0'],
        `where node0/${name} and ${name}/node0 lead`,
      );
    }
    await dimm.online('online_movable');
    await dimm.unplug();
    t.is(await links(), before, 'links of node0 after the unplug');
  },
);

conformance(
  'plug/uevents',
  {
    title:
      'User space is told of every block as it is added, onlined, offlined and removed, in that order, by kernel and udev',
    claims: ['linux/sysfs/uevents'],
    needs: ['memory-hotplug', 'command:udevadm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const heard = await listen(guest);
    const dimm = await guest.plugDimm({size: '256M'});
    const names = dimm.blocks.map(({name}) => name);
    await dimm.online('online_movable');
    await dimm.offline();
    await dimm.unplug();
    const events = await heard();
    const life = ['add', 'online', 'offline', 'remove'].flatMap((action) => names.map((name) => `${action} ${name}`));
    t.is(
      told(events, 'kernel'),
      life,
      'uevents from the kernel',
      'two blocks, four transitions, blocks in ascending order',
    );
    for (const name of names)
      t.is(
        told(events, 'udev').filter((line) => line.endsWith(` ${name}`)),
        life.filter((line) => line.endsWith(` ${name}`)),
        `uevents of ${name} from udev`,
      );
  },
);

conformance(
  'plug/uevents-of-failures',
  {
    title: 'A transition that fails is told to nobody',
    claims: ['linux/sysfs/uevents'],
    needs: ['memory-hotplug', 'command:udevadm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '128M'});
    const [block] = dimm.blocks;
    await guest.sh('udevadm settle');
    const heard = await listen(guest);
    for (const word of ['offline', 'bogus'])
      t.is(
        (await block?.write('state', word))?.errno,
        'EINVAL',
        `error when ${word} is written to an offline block's state`,
      );
    t.is(
      (await guest.block(0).write('state', 'offline')).errno,
      'EINVAL',
      'error when a block that several zones share is offlined',
    );
    t.is(
      (await heard()).map(({from, action, block: name}) => `${from} ${action} ${name}`),
      [],
      'uevents meanwhile',
    );
  },
);

conformance(
  'plug/removable',
  {
    title: 'removable reads 1 for every block, online or not, plugged or not, because the kernel supports offlining',
    claims: ['linux/sysfs/removable'],
    needs: ['memory-hotplug', 'memory-hotremove', 'kernel>=5.7'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '256M'});
    await dimm.blocks[0]?.online('online_kernel');
    t.is(
      guest.now.blocks.map(({id, removable}) => `memory${id} ${removable ?? 'missing'}`),
      guest.now.blocks.map(({id}) => `memory${id} 1`),
      'removable of all blocks',
      'since 5.7 it reads 1 exactly with CONFIG_MEMORY_HOTREMOVE, whether or not offlining would work',
    );
  },
);

conformance(
  'plug/uevent-file',
  {
    title: "A block's uevent file sends the uevent that is written to it, for this block, and changes nothing",
    claims: ['linux/sysfs/uevent-file', 'linux/sysfs/uevents'],
    needs: ['memory-hotplug', 'command:udevadm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '256M'});
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
  'plug/boot-size',
  {
    title: 'The guest boots with exactly the size that -m gives; nothing of maxmem is there before a plug',
    claims: ['qemu/options/m'],
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    const {qemu, iomem, blocks, blockSize} = await guest.observe();
    const {ram} = guest.machine;
    t.is(
      qemu,
      {base: ram, plugged: 0, devices: []},
      'memory as QEMU sums it up',
      'base-memory is size=, and the slots are empty',
    );
    const top = Math.max(...iomem.filter(({name}) => name === 'System RAM').map(({end}) => end));
    t.is(
      top <= ram,
      true,
      'no System RAM lies above size=',
      `q35 puts up to 2 GiB below 4 GiB, so RAM ends at ${ram}; System RAM ends at ${top}`,
    );
    t.is(
      blocks.map(({id}) => id),
      range(0, ram / blockSize),
      'memory blocks',
      `${ram} / ${blockSize}`,
    );
  },
);

conformance(
  'plug/beside-each-other',
  {
    title: 'DIMMs of different sizes plugged one after another each bring exactly their own blocks',
    claims: ['linux/blocks/naming', 'qemu/slots/any-combination'],
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const boot = guest.now.blocks.map(({id}) => id);
    const dimms = [];
    for (const size of ['128M', '512M', '256M']) dimms.push(await guest.plugDimm({size}));
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
