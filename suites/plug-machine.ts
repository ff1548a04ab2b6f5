// DIMMs and the machine: there at boot, without the guest, while it is stopped, and their backends.
import {MiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {
  addBackend,
  addDevice,
  coldDimms,
  deleteBackend,
  deleteObject,
  devicesNow,
  eventMark,
  eventsSince,
  plugAnswer,
  tryPlug,
  whileStopped,
} from '../lib/conformance/host/qemu.ts';

conformance(
  'plug/coldplug',
  {
    title:
      'DIMMs on the command line are there at boot beside boot RAM, with their blocks, and can be used like others',
    claims: ['qemu/coldplug'],
    needs: ['device:dimm', 'memory-hotremove'],
    machine: 'q35-coldplug',
  },
  async ({t, guest}) => {
    const {ram} = guest.machine;
    t.is(
      guest.now.vmm.devices.map(({id, size, slot}) => ({id, size, slot})),
      coldDimms(guest),
      "QEMU's memory devices",
      'as on the command line, in the order of slots',
    );
    t.is(guest.now.vmm.base, ram, 'base-memory', 'DIMMs are not part of it');
    const start = guest.board.ram;
    const boot = ram / guest.blockSize;
    t.is(
      guest.now.blocks.filter(({id}) => id * guest.blockSize >= start).length,
      boot + coldDimms(guest).reduce((sum, {size}) => sum + size / guest.blockSize, 0),
      'number of blocks',
      `${boot} of boot RAM, and those of both DIMMs`,
    );
    const dimm = await guest.findDimm('cold1');
    await dimm.ensureOffline();
    const before = guest.memTotal;
    await dimm.online('online_movable');
    t.is(
      guest.memTotal,
      before + dimm.size / 1024,
      'MemTotal grows by exactly the DIMM',
      `${before} kB + ${dimm.size / 1024} kB`,
    );
    await dimm.unplug();
    t.is(
      guest.now.vmm.devices.map(({id}) => id),
      ['cold0'],
      "QEMU's memory devices after the unplug",
    );
  },
);

conformance(
  'plug/coldplug-and-more',
  {
    title: 'Beside DIMMs of the command line more can be plugged into the slots that are left',
    claims: ['qemu/coldplug', 'qemu/slots/first-empty'],
    needs: ['device:dimm'],
    machine: 'q35-coldplug',
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    t.is(dimm.device.slot, 2, 'its slot', 'slots 0 and 1 hold the DIMMs of the command line');
    t.is(
      dimm.device.address,
      guest.board.deviceMemory + 640 * MiB,
      'its address',
      'behind 512 MiB and 128 MiB from 4 GiB on',
    );
    await dimm.online('online_movable');
    t.is(
      dimm.blocks.map(({validZones}) => validZones.join(' ')),
      ['Movable', 'Movable'],
      'zones of its blocks',
    );
  },
);

for (const [name, title, head] of [
  [
    'no-guest-support',
    "A guest that is told to leave memory hotplug alone doesn't see the DIMM that QEMU has, and nothing breaks",
    {needs: ['device:dimm', 'vmm:qemu', 'acpi'], boot: {append: 'acpi_no_memhotplug'}},
  ],
  [
    'no-guest-driver',
    "A guest whose kernel has no driver for DIMMs reports success, doesn't see the DIMM that QEMU has, and nothing breaks",
    {needs: ['vmm:qemu', 'acpi', 'lacks:CONFIG_ACPI_HOTPLUG_MEMORY']},
  ],
] as const) {
  conformance(`plug/${name}`, {title, claims: ['qemu/hotplug/guest-support'], ...head}, async ({t, guest}) => {
    const ram = (ranges: typeof guest.now.iomem): string[] =>
      ranges.filter(({name}) => name === 'System RAM').map(({start, end}) => `${start}-${end}`);
    const {blocks, iomem, meminfo} = guest.now;
    const mark = eventMark(guest);
    const answer = await tryPlug(guest, {id: 'unseen', size: guest.inBlocks(2)});
    t.is(answer, {accepted: true, words: ''}, "QEMU's answer");
    // The ACPI core finds no driver for the device, has nothing to do, and reports success (drivers/acpi/scan.c).
    t.is(
      await plugAnswer(guest, mark, 'unseen'),
      0,
      "the guest's answer (_OST)",
      'no driver wants the device, so nothing failed',
    );
    t.is(
      {plugged: guest.now.vmm.plugged, devices: guest.now.vmm.devices.map(({id}) => id)},
      {plugged: 256 * MiB, devices: ['unseen']},
      "QEMU's memory devices and their sum",
    );
    await guest.observe();
    t.is(guest.now.blocks, blocks, "the guest's memory blocks");
    t.is(ram(guest.now.iomem), ram(iomem), "System RAM of the guest's /proc/iomem");
    t.is(guest.now.meminfo['MemTotal'], meminfo['MemTotal'], 'MemTotal');
  });
}

conformance(
  'plug/stopped-machine',
  {
    title: "A DIMM plugged while the machine is stopped is QEMU's at once, and the guest takes it when it runs again",
    claims: ['qemu/hotplug/guest-support', 'linux/acpi/plug'],
    needs: ['device:dimm', 'vmm:qemu', 'acpi'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const count = guest.now.blocks.length;
    const mark = eventMark(guest);
    const status = await whileStopped(
      guest,
      'plug a DIMM while the machine is stopped',
      async () => {
        await addBackend(guest, 'mem-late', '256M');
        await addDevice(guest, {id: 'late'});
        t.is(
          (await devicesNow(guest)).map(({id}) => id),
          ['late'],
          "QEMU's memory devices while it is stopped",
        );
        t.is(
          eventsSince(guest, mark),
          ['STOP'],
          "QEMU's events while it is stopped",
          "a guest that doesn't run reports nothing",
        );
      },
      () => plugAnswer(guest, mark, 'late'),
    );
    t.is(status, 0, "the guest's answer once it runs (_OST)", '0 is success');
    t.is(guest.now.blocks.length, count + 2, 'number of blocks', `${count} and 256 MiB / 128 MiB`);
  },
);

conformance(
  'plug/backend-belongs-to-dimm',
  {
    title: "The backend of a plugged DIMM can't be deleted; that of an unplugged one can, and serves no more",
    claims: ['qemu/hotplug/two-commands'],
    needs: ['device:dimm', 'memory-hotremove', 'vmm:qemu'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
    const before = guest.now;
    const answer = await guest.step('ask QEMU to delete the backend', () =>
      guest.tryQemu(() => deleteObject(guest, 'mem-dimm0')),
    );
    t.is(answer.accepted, false, 'QEMU deletes the backend of a DIMM that is there', answer.words);
    guest.expectUnchanged(before, 'after the refusal');
    await dimm.unplug();
    await deleteBackend(guest, dimm.id);
    t.is(
      (await tryPlug(guest, {id: 'again', size: guest.inBlocks(1), memdev: 'mem-dimm0'})).accepted,
      false,
      'QEMU plugs a DIMM with the deleted backend',
    );
  },
);
