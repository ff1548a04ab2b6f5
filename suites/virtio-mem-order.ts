// The suite virtiomem, part two: which blocks go first, which zones they get, and what users and the driver's options
// do to them.
import {MiB} from '../lib/conformance/expected/units.ts';
import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {sameDeviceZones} from '../lib/conformance/expected/device-credit.ts';
import {setParameters} from '../lib/conformance/guest/parameters.ts';
import {VirtioMem} from '../lib/conformance/devices/virtio-mem.ts';

const machine = 'q35-virtio';
const DRIVER = ['device:virtio-mem', 'memory-hotremove'] as const;

const ids = (blocks: readonly MemoryBlock[]): number[] => blocks.map(({id}) => id);

conformance(
  'virtiomem/offline-goes-first',
  {
    title: 'A virtio-mem device gives back an offline block before an online one that lies higher',
    claims: ['linux/virtio-mem/unplug-order'],
    needs: DRIVER,
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const vm = new VirtioMem(guest);
    await vm.resize('256M');
    const [, upper] = vm.blocks;
    await upper?.online('online_movable');
    await vm.resize('128M');
    t.is(
      {ids: ids(vm.blocks), zones: vm.zones},
      {ids: [upper?.id], zones: ['Movable']},
      'blocks left of the two',
      'the lower one was offline',
    );
  },
);

conformance(
  'virtiomem/movable-goes-first',
  {
    title: 'A virtio-mem device gives back a Movable block before one in Normal that lies higher',
    claims: ['linux/virtio-mem/unplug-order'],
    needs: [...DRIVER, 'kernel>=5.14'],
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const vm = new VirtioMem(guest);
    await vm.resize('256M');
    const [lower, upper] = vm.blocks;
    await lower?.online('online_movable');
    await upper?.online('online_kernel');
    await vm.resize('128M');
    t.is(
      {ids: ids(vm.blocks), zones: vm.zones},
      {ids: [upper?.id], zones: ['Normal']},
      'blocks left of the two',
      'since 5.14 Movable goes before kernel zones, in which unplugging may fail',
    );
  },
);

conformance(
  'virtiomem/highest-goes-first',
  {
    title: 'Of blocks that are alike a virtio-mem device gives back the highest, and plugs the lowest again',
    claims: ['linux/virtio-mem/unplug-order', 'linux/virtio-mem/partial-blocks'],
    needs: DRIVER,
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = new VirtioMem(guest);
    await vm.resize('512M');
    const all = ids(vm.blocks);
    await vm.resize('192M');
    t.is(
      ids(vm.blocks),
      all.slice(0, 2),
      'blocks with 192 MiB',
      'the two highest are gone, and half of the second is unplugged',
    );
    await vm.resize('384M');
    t.is(
      ids(vm.blocks),
      all.slice(0, 3),
      'blocks with 384 MiB',
      'the half block is filled first, then the lowest free one is taken',
    );
  },
);

conformance(
  'virtiomem/keep-online',
  {
    title: 'With unplug_online=N a virtio-mem device keeps what is online and gives back what is offline',
    claims: ['linux/virtio-mem/unplug-order'],
    needs: DRIVER,
    machine,
  },
  async ({t, guest}) => {
    const parameter = '/sys/module/virtio_mem/parameters/unplug_online';
    await guest.setPolicy('offline');
    const vm = new VirtioMem(guest);
    await vm.resize('256M');
    const [lower, upper] = vm.blocks;
    await upper?.online('online_movable');
    t.is((await guest.write(parameter, 'N')).errno, 'none', 'error when N is written to unplug_online');
    await vm.request('0');
    t.is(ids(vm.blocks), [upper?.id], 'blocks after asking for 0', `${lower?.name ?? ''} was offline`);
    await vm.settled(`offline ${upper?.name ?? ''}`, () => guest.put(`${upper?.name ?? 'none'}/state`, 'offline'));
    t.is(
      {size: vm.size, ids: ids(vm.blocks)},
      {size: 0, ids: []},
      'size and blocks once it is offline',
      'the driver hears of it and gives it back at once',
    );
  },
);

conformance(
  'virtiomem/user-offlines-part',
  {
    title:
      'A user can offline a block that is plugged in part and online it again; each time just its plugged part counts',
    claims: ['linux/virtio-mem/partial-blocks', 'linux/offline/hidden'],
    needs: DRIVER,
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = new VirtioMem(guest);
    const total = guest.memTotal;
    await vm.resize('48M');
    const [block] = vm.blocks;
    await block?.offline();
    t.is(
      {total: guest.memTotal, size: vm.size},
      {total, size: 48 * MiB},
      'MemTotal and size with the block offline',
      'it is plugged as before',
    );
    await block?.online('online_movable');
    t.is(guest.memTotal, total + 48 * 1024, 'MemTotal with it online again', `${total} kB + 48 × 1024 kB`);
    await vm.resize('0');
    t.is(
      {total: guest.memTotal, blocks: vm.zones},
      {total, blocks: []},
      'MemTotal and its blocks after unplugging all of it',
    );
  },
);

for (const dimm of [false, true]) {
  conformance(
    `virtiomem/${dimm ? 'no-credit-from-dimm' : 'same-device-credit'}`,
    {
      title: dimm
        ? 'With auto-movable a DIMM in Normal gives a virtio-mem device no room for more Movable blocks'
        : 'With auto-movable each block of a virtio-mem device in Normal gives room for more of its blocks in Movable',
      claims: dimm
        ? ['linux/policy/virtio-mem-same-device-credit', 'linux/policy/normal-dimm-gives-no-credit']
        : ['linux/policy/virtio-mem-same-device-credit'],
      needs: [...DRIVER, 'kernel>=5.15', ...(dimm ? (['device:dimm'] as const) : [])],
      machine,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      await setParameters(guest, {online_policy: 'auto-movable', auto_movable_ratio: 50});
      const {value, because} = sameDeviceZones(guest.now, 12, 50);
      if (dimm) await (await guest.plugDimm({size: '512M'})).online('online_kernel');
      await guest.setPolicy('online');
      const vm = new VirtioMem(guest);
      await vm.resize('1536M');
      t.is(vm.zones, value, 'zones of its blocks, in the order in which they were added', because);
    },
  );
}

conformance(
  'virtiomem/no-own-memmap',
  {
    title:
      "With memmap_on_memory=1 blocks of a virtio-mem device still don't hold their own memmap: MemTotal " +
      'grows by whole blocks',
    claims: ['linux/virtio-mem/no-own-memmap', 'linux/memmap-on-memory/hint-only'],
    needs: [...DRIVER, 'config:CONFIG_MHP_MEMMAP_ON_MEMORY'],
    boot: {append: 'memory_hotplug.memmap_on_memory=1'},
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    t.is(
      await guest.read('/sys/module/memory_hotplug/parameters/memmap_on_memory'),
      'Y',
      'the parameter memmap_on_memory',
    );
    const vm = new VirtioMem(guest);
    const total = guest.memTotal;
    await vm.resize('256M');
    t.is(
      guest.memTotal,
      total + 256 * 1024,
      'MemTotal with 256 MiB',
      `${total} kB + 256 × 1024 kB; a block with its own memmap would give 2 MiB less`,
    );
  },
);
