// virtio-mem: memory in steps of megabytes, which the guest's driver plugs and unplugs on demand.
import {MiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {allocateMemory} from '../lib/conformance/workload/allocated.ts';
import {fillKernelMemory} from '../lib/conformance/workload/load.ts';
import {VirtioMem} from '../lib/conformance/devices/virtio-mem.ts';
import {zone} from '../lib/conformance/expected/zones.ts';
import {eventMark} from '../lib/conformance/host/qemu.ts';

const machine = 'q35-virtio';
const DRIVER = ['device:virtio-mem'] as const;

conformance(
  'virtiomem/up-down-zero',
  {
    title:
      'A virtio-mem device grows and shrinks to each size asked for, MemTotal with it, and at zero the ' +
      'guest is as before',
    claims: ['linux/virtio-mem/converges', 'linux/online/counted', 'linux/remove/blocks-gone'],
    needs: [...DRIVER, 'memory-hotremove'],
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = new VirtioMem(guest);
    const before = guest.now;
    for (const mib of [256, 512, 300, 128]) {
      await vm.resize(`${mib}M`);
      t.is(
        guest.memTotal,
        (before.meminfo['MemTotal'] ?? 0) + mib * 1024,
        `MemTotal with ${mib} MiB plugged`,
        `${before.meminfo['MemTotal'] ?? 0} kB at first + ${mib} × 1024 kB`,
      );
      t.is(
        vm.zones,
        Array.from({length: Math.ceil(mib / 128)}, () => 'Movable'),
        `zones of its blocks with ${mib} MiB plugged`,
        `${mib} MiB in blocks of 128 MiB, rounded up`,
      );
    }
    await vm.resize('0');
    guest.expectUnchanged(before, 'after unplugging all of it');
  },
);

conformance(
  'virtiomem/never-beyond',
  {
    title:
      'While a virtio-mem device grows it never has more than was asked for, and while it shrinks never ' +
      'less; QEMU tells the last size',
    claims: ['linux/virtio-mem/converges'],
    needs: [...DRIVER, 'memory-hotremove', 'vmm:qemu'],
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = new VirtioMem(guest);
    for (const [size, from] of [
      [512, 0],
      [64, 512],
    ] as const) {
      const mark = eventMark(guest);
      await vm.resize(`${size}M`);
      const told = await vm.sizesUntil(mark, size * MiB);
      const [least, most] = [Math.min(size, from) * MiB, Math.max(size, from) * MiB];
      t.is(
        told.filter((bytes) => bytes < least || bytes > most),
        [],
        `sizes that QEMU told from ${from} to ${size} MiB beyond them`,
        `it told ${told.join(', ')}`,
      );
      t.is(told.at(-1), size * MiB, `the last size told from ${from} to ${size} MiB`);
    }
  },
);

conformance(
  'virtiomem/part-of-a-block',
  {
    title:
      'Of a block that is plugged in part only that part counts as memory, though the whole block is ' +
      'present and online',
    claims: ['linux/virtio-mem/partial-blocks', 'linux/virtio-mem/converges'],
    needs: DRIVER,
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = new VirtioMem(guest);
    const total = guest.memTotal;
    for (const mib of [20, 100]) {
      await vm.resize(`${mib}M`);
      t.is(
        vm.blocks.map(({state}) => state),
        ['online'],
        `states of its blocks with ${mib} MiB`,
        'one block of 128 MiB has room for it',
      );
      t.is(guest.memTotal, total + mib * 1024, `MemTotal with ${mib} MiB`, `${total} kB + ${mib} × 1024 kB`);
      const {present, managed} = zone(guest.now, 'Movable');
      t.is(
        {present, managed},
        {present: guest.pagesOf(guest.blockSize), managed: mib * 256},
        `pages of ZONE_MOVABLE with ${mib} MiB`,
        'all of the block is present, and the plugged part is managed',
      );
    }
  },
);

for (const [name, version, unit, size] of [
  ['4m', 'kernel<5.19', 4, 128],
  ['2m', 'kernel>=5.19', 2, 130],
] as const) {
  conformance(
    `virtiomem/unit-${name}`,
    {
      title: `The guest plugs in units of ${unit} MiB: it rounds what is asked for down and doesn't go beyond`,
      claims: ['linux/virtio-mem/converges'],
      needs: [...DRIVER, version],
      machine,
    },
    async ({t, guest}) => {
      await guest.setPolicy('online_movable');
      const vm = new VirtioMem(guest);
      await vm.request('130M');
      t.is(
        vm.size,
        size * MiB,
        'size after asking for 130 MiB',
        `the largest multiple of ${unit} MiB; before 5.19 a unit is a whole MAX_ORDER page of 4 MiB, since ` +
          `then a page block of 2 MiB (drivers/virtio/virtio_mem.c)`,
      );
      t.is(vm.device.resizable.requested, 130 * MiB, 'what QEMU asks for');
      t.is(vm.zones.length, Math.ceil(size / 128), 'number of its blocks');
    },
  );
}

/**
 * Blocks of 128 MiB that a device may have offline: 1 GiB of them since 5.11, ten before (drivers/virtio/virtio_mem.c).
 */
for (const [name, version, offline, wakes] of [
  ['ten', 'kernel<5.11', 10, 1],
  ['gib', 'kernel>=5.11', 8, 4],
] as const) {
  conformance(
    `virtiomem/offline-stalls-${name}`,
    {
      title:
        `With ${offline} blocks of a virtio-mem device offline the driver plugs no more, until ` +
        `${wakes === 1 ? 'one' : 'half'} of them ${wakes === 1 ? 'is' : 'are'} onlined`,
      claims: ['linux/virtio-mem/offline-limit'],
      needs: [...DRIVER, version],
      machine,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const vm = new VirtioMem(guest);
      await vm.request('2G');
      t.is(
        {size: vm.size, offline: vm.zones},
        {size: offline * guest.blockSize, offline: Array.from({length: offline}, () => 'offline')},
        'size and blocks after asking for 2 GiB',
        `${offline} offline blocks are the most`,
      );
      t.is(
        await vm.retriesLater(),
        false,
        "the driver's timer runs",
        'it waits for blocks to be onlined, not for time to pass',
      );
      const first = vm.blocks.slice(0, wakes);
      for (const block of first.slice(0, -1)) await block.online('online_movable');
      t.is(vm.size, offline * guest.blockSize, 'size with one block less online than it waits for');
      const last = first.at(-1);
      await vm.settled(`online ${last?.name ?? 'no block'}`, () =>
        guest.put(`${last?.name ?? 'none'}/state`, 'online_movable'),
      );
      t.is(
        {size: vm.size, offline: vm.zones.filter((one) => one === 'offline').length},
        {size: (offline + wakes) * guest.blockSize, offline},
        'size and offline blocks afterwards',
        `${wakes} more, so that ${offline} are offline again`,
      );
    },
  );
}

conformance(
  'virtiomem/movable-in-use',
  {
    title:
      'Memory of a virtio-mem device that is in use in ZONE_MOVABLE moves elsewhere when it is asked back, ' +
      'and no data is lost',
    claims: ['linux/virtio-mem/movable-unplugs', 'linux/offline/migrates'],
    needs: [...DRIVER, 'memory-hotremove', 'command:perl'],
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = new VirtioMem(guest);
    const before = guest.now;
    await vm.resize('256M');
    const allocated = await allocateMemory(guest, 64, 'small');
    let inside = 0;
    for (const block of vm.blocks) inside += await allocated.pagesIn(block);
    t.require(
      inside,
      allocated.pages,
      'pages of a process in its blocks',
      '64 MiB of 4 KiB pages; user space is served from ZONE_MOVABLE first',
    );
    await vm.resize('0');
    t.is(
      await allocated.changedPages(),
      0,
      'pages that lost their content',
      `each of ${allocated.pages} pages has content of its own`,
    );
    t.is(
      guest.now.blocks.map(({id}) => id),
      before.blocks.map(({id}) => id),
      "the guest's blocks",
      'those of boot memory',
    );
  },
);

conformance(
  'virtiomem/kernel-memory-stops',
  {
    title:
      "Kernel memory in a virtio-mem device can't move: what holds it stays plugged and online, the rest " +
      'goes, and the driver tries again later',
    claims: ['linux/virtio-mem/kernel-stops'],
    needs: [...DRIVER, 'memory-hotremove'],
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_kernel');
    const vm = new VirtioMem(guest);
    await vm.resize('256M');
    await fillKernelMemory(guest);
    await vm.request('0');
    // A directory of a tmpfs has an inode and a directory entry, which stay in memory as long as it is there.
    t.atLeast(
      vm.size,
      2 * MiB,
      'size after asking for 0',
      "4000 inodes of more than 512 bytes each, in zone Normal, where all memory is the device's",
    );
    t.atLeast(
      256 * MiB - vm.size,
      128 * MiB,
      'bytes that were given back',
      "the 4 MB of kernel memory and what else the guest allocated don't reach half of it",
    );
    t.is([...new Set(vm.zones)], ['Normal'], 'zones of the blocks that are left');
    t.is(await vm.retriesLater(), true, "the driver's timer runs", 'it tries again, first after 50 s');
  },
);
