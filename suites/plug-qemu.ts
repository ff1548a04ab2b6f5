// The suite plug, part two: what QEMU's document says of slots, backends and guests without support.
import {GiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {addBackend, devicesNow, tryPlug, type NewDimm} from '../lib/conformance/host/qemu.ts';

for (const via of ['qmp', 'hmp'] as const) {
  conformance(
    `plug/two-commands-${via}`,
    {
      title:
        `object_add and device_add by ${via.toUpperCase()} plug a DIMM that QEMU lists as given and the ` +
        `guest has wholly`,
      claims: ['qemu/hotplug/two-commands', 'linux/acpi/plug'],
      needs: ['device:dimm', 'acpi', 'vmm:qemu'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: guest.inBlocks(2), via});
      t.is(
        guest.now.vmm.devices,
        [
          {
            id: dimm.id,
            type: 'dimm',
            address: guest.board.deviceMemory,
            size: 2 * guest.blockSize,
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

/** What QEMU refuses, beside a DIMM in slot 0 that is there already: each a spec of `tryPlug` and why. */
const REFUSED: Record<
  string,
  {readonly spec: (first: number) => Partial<NewDimm> & {memdev?: string}; readonly why: string}
> = {
  'backend-missing': {spec: () => ({memdev: 'nothing'}), why: 'no such backend'},
  'backend-in-use': {spec: () => ({memdev: 'mem-dimm0'}), why: 'a backend serves one DIMM'},
  'backend-of-no-size': {spec: () => ({size: '0'}), why: 'a backend has a size'},
  'slot-taken': {spec: () => ({slot: 0}), why: 'slot 0 holds dimm0'},
  'slot-beyond': {spec: () => ({slot: 8}), why: 'eight slots are numbered from 0 to 7'},
  'id-taken': {spec: () => ({id: 'dimm0', memdev: 'spare'}), why: 'ids are unique'},
  'address-taken': {spec: (first) => ({address: first}), why: 'dimm0 is there'},
  'address-unaligned': {
    spec: (first) => ({address: first + GiB + 4096}),
    why: 'a DIMM begins at a multiple of 2 MiB, or more',
  },
  'address-below': {spec: (first) => ({address: first - GiB / 2}), why: 'device memory begins higher'},
  'beyond-maxmem': {spec: () => ({size: '8G'}), why: '9 GiB at most, of which 1 GiB is boot RAM and some is dimm0'},
};

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
      needs: ['device:dimm', 'vmm:qemu'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      await guest.plugDimm({size: guest.inBlocks(1)});
      if (name === 'id-taken') await addBackend(guest, 'spare', guest.inBlocks(1));
      const before = guest.now;
      const answer = await tryPlug(guest, {id: 'extra', size: guest.inBlocks(1), ...spec(guest.board.deviceMemory)});
      t.is(answer.accepted, false, 'QEMU accepts it', `${why}; it said: ${answer.words}`);
      guest.expectUnchanged(before, 'after the refusal');
      t.is((await guest.plugDimm({size: guest.inBlocks(1)})).device.slot, 1, 'slot of the next DIMM that is in order');
    },
  );
}

conformance(
  'plug/first-empty-slot',
  {
    title:
      'A DIMM goes into the first empty slot, also into one between others that was freed, or into the one asked for',
    claims: ['qemu/slots/first-empty'],
    needs: ['device:dimm', 'memory-hotremove', 'vmm:qemu'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const [, middle] = [
      await guest.plugDimm({size: guest.inBlocks(1)}),
      await guest.plugDimm({size: guest.inBlocks(1)}),
      await guest.plugDimm({size: guest.inBlocks(1), slot: 5}),
    ];
    await middle.unplug();
    const slots = async (): Promise<Record<string, number | null>> =>
      Object.fromEntries((await devicesNow(guest)).map(({id, slot}) => [id, slot]));
    t.is(await slots(), {dimm0: 0, dimm2: 5}, 'slots after the one in slot 1 is gone');
    await guest.plugDimm({size: guest.inBlocks(1)});
    await guest.plugDimm({size: guest.inBlocks(1)});
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
    needs: ['device:dimm', 'vmm:qemu'],
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
    t.is(guest.now.vmm.plugged, 2 * GiB, 'plugged-memory', 'maxmem − size');
    const full = guest.now;
    const noSlot = await tryPlug(guest, {id: 'extra', size: '128M'});
    t.is(noSlot.accepted, false, 'QEMU accepts a DIMM on a full board', noSlot.words);
    guest.expectUnchanged(full, 'after one DIMM too many');
  },
);
