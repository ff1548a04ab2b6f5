// The suite plug, part two: what QEMU's document says of slots, backends and guests without support.
import {conformance} from '../lib/conformance/runner/case.ts';
import {
  addBackend,
  addDevice,
  deleteBackend,
  deleteObject,
  devicesNow,
  eventMark,
  eventsSince,
  plugAnswer,
  tryPlug,
  whileStopped,
} from '../lib/conformance/host/qemu.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

for (const via of ['qmp', 'hmp'] as const) {
  conformance(
    `plug/two-commands-${via}`,
    {
      title: `object_add and device_add by ${via.toUpperCase()} plug a DIMM that QEMU lists as given and the guest has wholly`,
      claims: ['qemu/hotplug/two-commands', 'linux/acpi/plug'],
      needs: ['memory-hotplug'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: '256M', via});
      t.is(
        guest.now.qemu.devices,
        [
          {
            id: dimm.id,
            type: 'dimm',
            address: 4 * GiB,
            size: 256 * MiB,
            slot: 0,
            node: 0,
            memdev: `/objects/mem-${dimm.id}`,
          },
        ],
        "QEMU's memory devices",
        'q35 keeps device memory above 4 GiB when boot RAM ends below',
      );
      await dimm.online('online_movable');
      t.is(
        dimm.blocks.map(({validZones}) => validZones),
        [['Movable'], ['Movable']],
        'valid_zones of its blocks after online_movable',
      );
    },
  );
}

/** What QEMU refuses, beside a DIMM d in slot 0 that is there already: each a spec of `tryPlug` and why. */
const REFUSED = {
  'backend-missing': {spec: {memdev: 'nothing'}, why: 'no such backend'},
  'backend-in-use': {spec: {memdev: 'mem-dimm0'}, why: 'a backend serves one DIMM'},
  'backend-of-no-size': {spec: {size: '0'}, why: 'a backend has a size'},
  'slot-taken': {spec: {slot: 0}, why: 'slot 0 holds dimm0'},
  'slot-beyond': {spec: {slot: 8}, why: 'eight slots are numbered from 0 to 7'},
  'id-taken': {spec: {id: 'dimm0', memdev: 'spare'}, why: 'ids are unique'},
  'address-taken': {spec: {address: 4 * GiB}, why: 'dimm0 is there'},
  'address-unaligned': {spec: {address: 5 * GiB + 4096}, why: 'a DIMM begins at a multiple of 2 MiB'},
  'address-below': {spec: {address: GiB}, why: 'device memory is above 4 GiB'},
  'beyond-maxmem': {spec: {size: '8G'}, why: '9 GiB at most, of which 1 GiB is boot RAM and 128 MiB is dimm0'},
} satisfies Record<string, {spec: object; why: string}>;

for (const [name, {spec, why}] of Object.entries(REFUSED)) {
  conformance(
    `plug/refused-${name}`,
    {
      title: `QEMU refuses a DIMM because ${why}; its backend can be deleted and nothing has changed`,
      claims:
        name === 'beyond-maxmem'
          ? ['qemu/slots/any-combination']
          : name.startsWith('slot')
            ? ['qemu/slots/first-empty']
            : ['qemu/hotplug/two-commands'],
      needs: ['memory-hotplug'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      await guest.plugDimm({size: '128M'});
      if (name === 'id-taken') await addBackend(guest, 'spare', '128M');
      const before = guest.now;
      const answer = await tryPlug(guest, {id: 'extra', size: '128M', ...spec});
      t.is(answer.accepted, false, 'QEMU accepts it', `${why}; it said: ${answer.words}`);
      guest.expectUnchanged(before, 'after the refusal');
      t.is((await guest.plugDimm({size: '128M'})).device.slot, 1, 'slot of the next DIMM that is in order');
    },
  );
}

conformance(
  'plug/first-empty-slot',
  {
    title:
      'A DIMM goes into the first empty slot, also into one between others that was freed, or into the one asked for',
    claims: ['qemu/slots/first-empty'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const [, middle] = [
      await guest.plugDimm({size: '128M'}),
      await guest.plugDimm({size: '128M'}),
      await guest.plugDimm({size: '128M', slot: 5}),
    ];
    await middle.unplug();
    const slots = async (): Promise<Record<string, number | null>> =>
      Object.fromEntries((await devicesNow(guest)).map(({id, slot}) => [id, slot]));
    t.is(await slots(), {dimm0: 0, dimm2: 5}, 'slots after the one in slot 1 is gone');
    await guest.plugDimm({size: '128M'});
    await guest.plugDimm({size: '128M'});
    t.is(
      await slots(),
      {dimm0: 0, dimm2: 5, dimm3: 1, dimm4: 2},
      'slots after two more',
      '1 is the first empty slot, then 2',
    );
  },
);

conformance(
  'plug/full-board',
  {
    title: 'Slots take DIMMs of any sizes until maxmem is reached exactly; a full board refuses and nothing changes',
    claims: ['qemu/slots/any-combination', 'qemu/slots/first-empty', 'qemu/coldplug'],
    needs: ['memory-hotplug'],
    machine: 'q35-coldplug',
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await guest.plugDimm({size: '1280M'});
    const before = guest.now;
    const tooLarge = await tryPlug(guest, {id: 'extra', size: '256M'});
    t.is(
      tooLarge.accepted,
      false,
      'QEMU accepts 256 MiB more',
      `2 GiB are to be plugged at most: 512 + 128 + 1280 MiB are, 128 MiB are left. It said: ${tooLarge.words}`,
    );
    guest.expectUnchanged(before, 'after 256 MiB too many');
    await guest.plugDimm({size: '128M'});
    t.is(guest.now.qemu.plugged, 2 * GiB, 'plugged-memory', 'maxmem − size');
    const full = guest.now;
    const noSlot = await tryPlug(guest, {id: 'extra', size: '128M'});
    t.is(noSlot.accepted, false, 'QEMU accepts a DIMM on a full board', noSlot.words);
    guest.expectUnchanged(full, 'after one DIMM too many');
  },
);

conformance(
  'plug/coldplug',
  {
    title:
      'DIMMs on the command line are there at boot beside boot RAM, with their blocks, and can be used like others',
    claims: ['qemu/coldplug'],
    needs: ['memory-hotplug', 'memory-hotremove'],
    machine: 'q35-coldplug',
  },
  async ({t, guest}) => {
    const {coldplug, ram} = guest.machine;
    t.is(
      guest.now.qemu.devices.map(({id, size, slot}) => ({id, size, slot})),
      coldplug.map(({id, size}, slot) => ({id, size, slot})),
      "QEMU's memory devices",
      'as on the command line, in the order of slots',
    );
    t.is(guest.now.qemu.base, ram, 'base-memory', 'DIMMs are not part of it');
    const boot = ram / guest.blockSize;
    t.is(guest.now.blocks.length, boot + 4 + 1, 'number of blocks', `${boot} of boot RAM, 512 / 128 and 128 / 128`);
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
      guest.now.qemu.devices.map(({id}) => id),
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
    needs: ['memory-hotplug'],
    machine: 'q35-coldplug',
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '256M'});
    t.is(dimm.device.slot, 2, 'its slot', 'slots 0 and 1 hold the DIMMs of the command line');
    t.is(dimm.device.address, 4 * GiB + 640 * MiB, 'its address', 'behind 512 MiB and 128 MiB from 4 GiB on');
    await dimm.online('online_movable');
    t.is(
      dimm.blocks.map(({validZones}) => validZones.join(' ')),
      ['Movable', 'Movable'],
      'zones of its blocks',
    );
  },
);

conformance(
  'plug/no-guest-support',
  {
    title: "A guest that is told to leave memory hotplug alone doesn't see the DIMM that QEMU has, and nothing breaks",
    claims: ['qemu/hotplug/guest-support'],
    needs: ['memory-hotplug'],
    boot: {append: 'acpi_no_memhotplug'},
  },
  async ({t, guest}) => {
    const ram = (ranges: typeof guest.now.iomem): string[] =>
      ranges.filter(({name}) => name === 'System RAM').map(({start, end}) => `${start}-${end}`);
    const {blocks, iomem, meminfo} = guest.now;
    const mark = eventMark(guest);
    const answer = await tryPlug(guest, {id: 'unseen', size: '256M'});
    t.is(answer, {accepted: true, words: ''}, "QEMU's answer");
    // The ACPI core finds no driver for the device, has nothing to do, and reports success (drivers/acpi/scan.c).
    t.is(
      await plugAnswer(guest, mark, 'unseen'),
      0,
      "the guest's answer (_OST)",
      'no driver wants the device, so nothing failed',
    );
    t.is(
      {plugged: guest.now.qemu.plugged, devices: guest.now.qemu.devices.map(({id}) => id)},
      {plugged: 256 * MiB, devices: ['unseen']},
      "QEMU's memory devices and their sum",
    );
    await guest.observe();
    t.is(guest.now.blocks, blocks, "the guest's memory blocks");
    t.is(ram(guest.now.iomem), ram(iomem), "System RAM of the guest's /proc/iomem");
    t.is(guest.now.meminfo['MemTotal'], meminfo['MemTotal'], 'MemTotal');
  },
);

conformance(
  'plug/stopped-machine',
  {
    title: "A DIMM plugged while the machine is stopped is QEMU's at once, and the guest takes it when it runs again",
    claims: ['qemu/hotplug/guest-support', 'linux/acpi/plug'],
    needs: ['memory-hotplug'],
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
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '128M'});
    const before = guest.now;
    const answer = await guest.step('ask QEMU to delete the backend', () =>
      guest.tryQemu(() => deleteObject(guest, 'mem-dimm0')),
    );
    t.is(answer.accepted, false, 'QEMU deletes the backend of a DIMM that is there', answer.words);
    guest.expectUnchanged(before, 'after the refusal');
    await dimm.unplug();
    await deleteBackend(guest, dimm.id);
    t.is(
      (await tryPlug(guest, {id: 'again', size: '128M', memdev: 'mem-dimm0'})).accepted,
      false,
      'QEMU plugs a DIMM with the deleted backend',
    );
  },
);
