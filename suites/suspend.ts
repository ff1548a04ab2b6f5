// Suspend to RAM and hibernation of a guest with plugged memory.
import {conformance, type CaseContext} from '../lib/conformance/runner/case.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {allocateMemory} from '../lib/conformance/workload/allocated.ts';
import {dimmWithData} from '../lib/conformance/workload/movable-dimm.ts';
import {acpiPorts, hibernate, sleepStates, suspendToRam} from '../lib/conformance/survive/sleep.ts';
import {VirtioMem} from '../lib/conformance/devices/virtio-mem.ts';
import {deleteObject} from '../lib/conformance/host/qemu.ts';

const NEEDS = ['device:dimm', 'memory-hotremove', 'command:perl', 'arch:amd64'] as const;
const SLEPT = {errno: 'none', events: ['SUSPEND', 'WAKEUP']};

/** Ends the case where the guest can't suspend to RAM at all. */
async function mustOfferRam(t: CaseContext['t'], guest: CaseGuest): Promise<void> {
  const {states, mem} = await sleepStates(guest);
  t.require(
    {mem: states.includes('mem'), deep: mem.includes('[deep]')},
    {mem: true, deep: true},
    'suspend to RAM is offered',
    '/sys/power/state and mem_sleep: QEMU has ACPI S3',
  );
}

conformance(
  'suspend/dimm-to-ram',
  {
    title:
      'After suspend to RAM plugged DIMMs are as they were, their data too, and their blocks can be ' +
      'offlined and onlined',
    claims: ['linux/sleep/dimm'],
    needs: [...NEEDS, 'vmm:qemu'],
  },
  async ({t, guest}) => {
    const {dimm, movable, allocated} = await dimmWithData(t, guest);
    await mustOfferRam(t, guest);
    const before = guest.now;
    t.require(await suspendToRam(guest), SLEPT, 'how suspending ended');
    guest.expectUnchanged(before, 'after suspend to RAM');
    t.is(await allocated.changedPages(), 0, 'pages that lost their content', 'each page has content of its own');
    await movable.offline();
    t.is(await allocated.changedPages(), 0, 'pages that lost their content when their block was offlined');
    await dimm.online('online_movable');
  },
);

conformance(
  'suspend/plug-after-ram',
  {
    title: 'After suspend to RAM DIMMs can be plugged and unplugged as before',
    claims: ['linux/sleep/hotplug'],
    needs: ['device:dimm', 'memory-hotremove', 'arch:amd64', 'vmm:qemu'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({id: 'dimm0', size: guest.inBlocks(1)});
    await mustOfferRam(t, guest);
    const ports = await acpiPorts(guest);
    t.require(await suspendToRam(guest), SLEPT, 'how suspending ended');
    t.require(
      await acpiPorts(guest),
      ports,
      'PMBASE and ACPI_CNTL of the LPC bridge',
      'as before: the firmware sets again what waking up has reset, else no plug is heard of',
    );
    await dimm.unplug();
    const again = await guest.plugDimm({id: 'dimm1', size: guest.inBlocks(1)});
    await again.online('online_movable');
    await again.unplug();
  },
);

conformance(
  'suspend/dimm-to-disk',
  {
    title:
      'After hibernation plugged DIMMs are as they were, their data too, and can be offlined, unplugged and ' +
      'plugged again',
    claims: ['linux/sleep/dimm', 'linux/sleep/hotplug'],
    needs: [...NEEDS, 'disk', 'vmm:qemu'],
    seconds: 60,
  },
  async ({t, guest}) => {
    const {dimm, movable, allocated} = await dimmWithData(t, guest);
    t.require((await sleepStates(guest)).states.includes('disk'), true, '/sys/power/state offers disk');
    const before = guest.now;
    await hibernate(guest, 'none', 'the image of all memory is written, read and resumed');
    guest.expectUnchanged(before, 'after hibernation');
    t.is(await allocated.changedPages(), 0, 'pages that lost their content', 'each page has content of its own');
    await movable.offline();
    await dimm.unplug();
    await deleteObject(guest, 'mem-dimm0');
    await (await guest.plugDimm({id: 'dimm0', size: guest.inBlocks(2)})).online('online_movable');
  },
);

for (const kind of ['ram', 'disk'] as const) {
  const what = kind === 'ram' ? 'suspend to RAM' : 'hibernation';
  conformance(
    `suspend/virtio-mem-to-${kind}`,
    {
      title: `A guest with memory plugged by virtio-mem refuses ${what}, and nothing of its memory changes`,
      claims: ['linux/sleep/virtio-mem'],
      // QEMU 9.1 keeps the device's memory while the guest sleeps.
      needs: [
        'memory-hotremove',
        'command:perl',
        'arch:amd64',
        'vmm:qemu',
        'device:virtio-mem',
        kind === 'ram' ? 'qemu<9.1' : 'disk',
      ],
      machine: 'q35-virtio',
    },
    async ({t, guest}) => {
      await guest.setPolicy('online_movable');
      const vm = new VirtioMem(guest);
      await vm.resize('256M');
      const allocated = await allocateMemory(guest, 64, 'small');
      t.require(
        await allocated.pagesIn(...vm.blocks),
        allocated.pages,
        'pages with data in its blocks',
        'what can be moved is served from ZONE_MOVABLE first',
      );
      const before = guest.now;
      const why =
        'virtio_mem_freeze(), and the PM notifier for hibernation, refuse where memory is plugged: ' +
        'nobody plugs it again after a reset';
      if (kind === 'ram') t.is(await suspendToRam(guest), {errno: 'EPERM', events: []}, 'how suspending ended', why);
      else await hibernate(guest, 'EPERM', why);
      guest.expectUnchanged(before, `after ${what} was refused`);
      t.is(await allocated.changedPages(), 0, 'pages that lost their content');
      await vm.resize('320M');
      await vm.resize('0');
    },
  );
}
