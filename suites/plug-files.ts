// What the files of memory blocks say, and who may read and write them.
import {conformance} from '../lib/conformance/runner/case.ts';
import {modesIn, readErrno, writeErrno} from '../lib/conformance/guest/files.ts';

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
      `the kernel's config has ` +
        [...new Set(GLOBAL_FILES.map(([, , option]) => option))].filter((option) => config?.[option]).join(', '),
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
    const first = guest.firstBlock.name;
    for (const [name, mode] of Object.entries(await modesIn(guest, first))) files[`${first}/${name}`] = mode;
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
    needs: ['device:dimm', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await guest.plugDimm({size: guest.inBlocks(2)});
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
  'plug/removable',
  {
    title: 'removable reads 1 for every block, online or not, plugged or not, because the kernel supports offlining',
    claims: ['linux/sysfs/removable'],
    needs: ['device:dimm', 'memory-hotremove', 'kernel>=5.7'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
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
  'plug/boot-size',
  {
    title: 'The guest boots with exactly the size that -m gives; nothing of maxmem is there before a plug',
    claims: ['qemu/options/m'],
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    const {vmm, iomem, blocks, blockSize} = await guest.observe();
    const {ram} = guest.machine;
    const {ram: from} = guest.board;
    t.is(
      vmm,
      {base: ram, plugged: 0, devices: [], balloon: null},
      'memory as QEMU sums it up',
      'base-memory is size=, and the slots are empty',
    );
    const top = Math.max(...iomem.filter(({name}) => name === 'System RAM').map(({end}) => end));
    t.is(
      top <= from + ram,
      true,
      'no System RAM lies above size=',
      `RAM begins at ${from} and is in one piece, so it ends at ${from + ram}; System RAM ends at ${top}`,
    );
    t.is(
      blocks.map(({id}) => id).filter((id) => id >= from / blockSize), // below may be memory of the firmware
      Array.from({length: ram / blockSize}, (_, i) => from / blockSize + i),
      'memory blocks',
      `${ram} / ${blockSize}, from ${from} on`,
    );
  },
);

conformance(
  'plug/boot-pages',
  {
    title: 'At boot MemTotal counts the pages that the zones manage, and no others',
    claims: ['linux/online/counted'],
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    const {meminfo, zones, page} = await guest.observe();
    const managed = zones.reduce((sum, zone) => sum + zone.managed, 0);
    t.is(
      ((meminfo['MemTotal'] ?? 0) * 1024) / page - managed,
      0,
      'pages of MemTotal that no zone manages',
      `the zones of /proc/zoneinfo manage ${managed}`,
    );
  },
);
