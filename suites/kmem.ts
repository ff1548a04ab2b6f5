// Persistent memory that the kernel uses as RAM (dax/kmem), beside a DIMM.
import {conformance} from '../lib/conformance/runner/case.ts';
import {plugPmem} from '../lib/conformance/devices/pmem.ts';

const NEEDS = [
  'memory-hotplug',
  'memory-hotremove',
  'config:CONFIG_VIRTIO_PMEM',
  'config:CONFIG_DEV_DAX_KMEM',
  'command:udevadm',
] as const;

conformance(
  'kmem/beside-a-dimm',
  {
    title:
      "Persistent memory becomes RAM by kmem and stops being it, block by block as a DIMM's; the DIMM beside " +
      'it stays as it is',
    claims: ['linux/kmem/blocks', 'linux/kmem/marked', 'linux/kmem/removal', 'linux/online/movable'],
    needs: [...NEEDS, 'vmm:qemu', 'device:dimm'],
    machine: 'q35-virtio',
    seconds: 90,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await dimm.online('online_movable');
    const pmem = await plugPmem(guest, {id: 'pm0', size: guest.inBlocks(4)});
    const before = guest.now;
    await pmem.useAsRam();
    t.is(
      pmem.blocks.map(({id}) => id),
      pmem.blockIds,
      'its memory blocks',
      'whole blocks of the dax device alone: dax_kmem_range() of drivers/dax/kmem.c',
    );
    t.is(
      pmem.zones,
      pmem.blockIds.map(() => 'offline'),
      'their states',
      'the policy is offline',
    );
    t.is(pmem.ramNames, ['System RAM (kmem)'], 'what /proc/iomem calls it', 'kmem_name of drivers/dax/kmem.c');
    t.is(
      pmem.blocks.map(({id}) => guest.view(id).nodes),
      pmem.blockIds.map(() => [0]),
      'their nodes',
      'the only one',
    );
    await pmem.write('online_movable');
    t.is(
      pmem.zones,
      pmem.blockIds.map(() => 'Movable'),
      'their zones after online_movable',
    );
    t.is(
      guest.memTotal,
      (before.meminfo['MemTotal'] ?? 0) + (pmem.blockIds.length * guest.blockSize) / 1024,
      'MemTotal',
      'as before and all of its blocks',
    );
    t.is(
      dimm.blocks.map(({validZones}) => validZones),
      [['Movable'], ['Movable']],
      "zones of the DIMM's blocks",
    );
    await pmem.write('offline');
    await pmem.release();
    t.is(
      pmem.blocks.map(({name}) => name),
      [],
      'its memory blocks once kmem has let go of it',
    );
    await pmem.useAsDevice();
    guest.expectUnchanged(before, 'after persistent memory was RAM for a while');
    await dimm.unplug();
  },
);

for (const [policy, zone] of [
  ['online_movable', 'Movable'],
  ['online_kernel', 'Normal'],
] as const) {
  conformance(
    `kmem/policy-${policy.replace('_', '-')}`,
    {
      title: `Memory that kmem adds is onlined as auto_online_blocks says: ${policy}`,
      claims: ['linux/kmem/blocks', 'linux/auto/policies'],
      needs: [...NEEDS, 'vmm:qemu'],
      machine: 'q35-virtio',
      seconds: 60,
    },
    async ({t, guest}) => {
      await guest.setPolicy(policy);
      const pmem = await plugPmem(guest, {id: 'pm0', size: guest.inBlocks(4)});
      await pmem.useAsRam();
      t.is(
        pmem.zones,
        pmem.blockIds.map(() => zone),
        'zones of its blocks',
        `auto_online_blocks is ${policy}`,
      );
    },
  );
}

conformance(
  'kmem/online-stays',
  {
    title:
      "Blocks that are online when kmem lets go of them stay, and work as before; QEMU doesn't take the device " +
      'out either',
    claims: ['linux/kmem/removal', 'linux/offline/state'],
    needs: [...NEEDS, 'vmm:qemu'],
    machine: 'q35-virtio',
    seconds: 60,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const pmem = await plugPmem(guest, {id: 'pm0', size: guest.inBlocks(4)});
    await pmem.useAsRam();
    await pmem.write('online_movable');
    const before = guest.now;
    await pmem.release();
    const told = guest.now.kernelLog.filter((line) => /cannot be hotremoved until the next reboot/.test(line));
    t.atLeast(
      told.length,
      1,
      "times that the kernel says that it can't be removed until the next reboot",
      'dev_dax_kmem_remove() of drivers/dax/kmem.c',
    );
    guest.expectUnchanged(before, 'after kmem was to let go of online memory');
    await pmem.write('offline');
    await pmem.write('online_movable');
    t.is(
      pmem.zones,
      pmem.blockIds.map(() => 'Movable'),
      'zones of its blocks after they were offlined and onlined once more',
    );
    t.is(
      (await pmem.tryUnplug()).accepted,
      false,
      'does QEMU take it out?',
      "virtio based memory devices can't be unplugged (hw/virtio/virtio-md-pci.c; virtio-mem alone can, since 8.1)",
    );
  },
);
