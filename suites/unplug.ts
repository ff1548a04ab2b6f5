import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {fillKernelMemory, fillUserMemory} from '../lib/conformance/workload/load.ts';
import {
  askToRemove,
  deleteBackend,
  devicesNow,
  eventMark,
  eventsSince,
  humanMonitor,
  resetBeforeTheAnswer,
  unplugAnswer,
  whileStopped,
} from '../lib/conformance/host/qemu.ts';
import {listen, told} from '../lib/conformance/udev/uevents.ts';

const IN_PROGRESS = 132;
const BUSY = 130;
const NOT_SUPPORTED = 128;

/** Puts the blocks of a DIMM of 256 MiB into the states that a case begins with. */
const STARTS: Readonly<Record<string, (dimm: Dimm) => Promise<void>>> = {
  offline: () => Promise.resolve(),
  movable: (dimm) => dimm.online('online_movable'),
  'partly-online': async (dimm) => dimm.blocks[1]?.online('online_movable'),
};

/** A DIMM whose blocks are all in the kernel's own zone, with kernel memory in it that can't be moved. */
async function plugBusyNormal(guest: CaseGuest): Promise<Dimm> {
  const dimm = await guest.plugDimm({size: '256M'});
  await dimm.online('online_kernel');
  await fillKernelMemory(guest);
  return dimm;
}

const zoneFree = (guest: CaseGuest, name: string): number =>
  guest.now.zones.filter((zone) => zone.name === name).reduce((sum, {free}) => sum + free, 0);

/** Kilobytes that the kernel maps directly, by pages of any size (DirectMap4k, 2M, 1G). */
const directMap = (guest: CaseGuest): number =>
  Object.entries(guest.now.meminfo)
    .filter(([name]) => name.startsWith('DirectMap'))
    .reduce((sum, [, kb]) => sum + kb, 0);

for (const [name, start] of Object.entries(STARTS)) {
  conformance(
    `unplug/${name}`,
    {
      title: `A DIMM whose blocks are ${name.replace('-', ' ')} is removed on request, and the machine is as before the plug`,
      claims: ['linux/acpi/unplug', 'linux/remove/blocks-gone', 'qemu/unplug/supported', 'qemu/unplug/asynchronous'],
      needs: ['memory-hotplug', 'memory-hotremove'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const before = guest.now;
      const dimm = await guest.plugDimm({size: '256M'});
      await start(dimm);
      const {statuses, events} = await dimm.unplug();
      t.is(statuses, [IN_PROGRESS, 0], 'what the guest reported (_OST)', '132: ejection in progress, then 0: success');
      t.is(
        events,
        ['ACPI_DEVICE_OST', 'DEVICE_DELETED', 'ACPI_DEVICE_OST'],
        "QEMU's events",
        'the guest ejects the device before it reports success (drivers/acpi/scan.c)',
      );
      guest.expectUnchanged(before, 'after plug and unplug');
    },
  );
}

conformance(
  'unplug/three-rounds',
  {
    title: 'Plug, online, unplug can be repeated; every round ends with the machine as it was before the first one',
    claims: ['linux/remove/blocks-gone', 'qemu/unplug/supported'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now;
    for (const round of ['first', 'second', 'third']) {
      const dimm = await guest.plugDimm({size: '256M'});
      await dimm.online('online_movable');
      t.is(
        dimm.blocks.map(({validZones}) => validZones.join(' ')),
        ['Movable', 'Movable'],
        `zones of its blocks in the ${round} round`,
      );
      await dimm.unplug();
      guest.expectUnchanged(before, `after the ${round} round`);
    }
  },
);

conformance(
  'unplug/metadata',
  {
    title: 'Removing memory takes down the direct mapping and the firmware map entry that adding it made',
    claims: ['linux/remove/blocks-gone'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    const firmwareMap = async (): Promise<string[]> =>
      (
        await guest.sh(
          'cd /sys/firmware/memmap && for d in *; do echo "$(cat $d/start)-$(cat $d/end) $(cat $d/type)"; done | sort',
        )
      )
        .trim()
        .split('\n');
    await guest.setPolicy('offline');
    const [mapped, entries] = [directMap(guest), await firmwareMap()];
    const dimm = await guest.plugDimm({size: '256M'});
    t.is(
      directMap(guest),
      mapped + dimm.size / 1024,
      'kB mapped directly (DirectMap…) after the plug',
      `${mapped} kB + ${dimm.size / 1024} kB`,
    );
    const {address} = dimm.device;
    t.is(
      await firmwareMap(),
      [...entries, `0x${address.toString(16)}-0x${(address + dimm.size - 1).toString(16)} System RAM`].sort(),
      '/sys/firmware/memmap after the plug',
      'one entry more: the DIMM',
    );
    await dimm.unplug();
    t.is(directMap(guest), mapped, 'kB mapped directly (DirectMap…) after the unplug');
    t.is(await firmwareMap(), entries, '/sys/firmware/memmap after the unplug');
  },
);

conformance(
  'unplug/refused',
  {
    title:
      'A DIMM with kernel memory in it is not removed: the guest says busy, nothing is deleted, nothing has changed',
    claims: ['linux/acpi/unplug-refused', 'qemu/unplug/asynchronous', 'ovirt/movable-needed'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await plugBusyNormal(guest);
    const before = guest.now;
    const {outcome, statuses, events} = await dimm.requestUnplug();
    t.is(
      {outcome, statuses},
      {outcome: 'refused', statuses: [IN_PROGRESS, BUSY]},
      'how the request ended (_OST)',
      '132: ejection in progress, then 130: device busy',
    );
    t.is(events, ['ACPI_DEVICE_OST', 'ACPI_DEVICE_OST'], "QEMU's events", 'no DEVICE_DELETED');
    guest.expectUnchanged(before, 'after the refusal');
  },
);

conformance(
  'unplug/refused-keeps-offline',
  {
    title: 'After a refused unplug the blocks that the user had offlined before are still offline, the others online',
    claims: ['linux/acpi/unplug-refused'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '384M'});
    const [first, middle, last] = dimm.blocks;
    await last?.online('online_movable');
    await last?.offline();
    await first?.online('online_kernel');
    await fillKernelMemory(guest);
    const before = guest.now;
    const {outcome, statuses} = await dimm.requestUnplug();
    t.is({outcome, statuses}, {outcome: 'refused', statuses: [IN_PROGRESS, BUSY]}, 'how the request ended (_OST)');
    t.is(
      [first?.state, middle?.state, last?.state],
      ['online', 'offline', 'offline'],
      'states of the blocks',
      'one online with kernel memory in it, one that never was, one that the user took offline',
    );
    guest.expectUnchanged(before, 'after the refusal');
  },
);

conformance(
  'unplug/refused-rolls-back',
  {
    title:
      'After a refused unplug the blocks that the driver had already offlined are online again, in the zone they were in',
    claims: ['linux/acpi/unplug-refused'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '256M'});
    const [movable, normal] = dimm.blocks;
    await normal?.online('online_kernel');
    await fillKernelMemory(guest);
    await movable?.online('online_movable');
    const {outcome} = await dimm.requestUnplug();
    t.is(outcome, 'refused', 'how the request ended');
    t.is(
      dimm.blocks.map(({state}) => state),
      ['online', 'online'],
      'states of the blocks',
    );
    t.is(
      dimm.blocks.map(({validZones}) => validZones.join(' ')),
      ['Movable', 'Normal'],
      'zones of the blocks',
      'as before the request',
    );
  },
);

conformance(
  'unplug/refused-once',
  {
    title: 'A refusal is not for ever: when its reason is gone the same request removes the DIMM',
    claims: ['qemu/unplug/asynchronous', 'linux/acpi/unplug', 'linux/acpi/eject-disabled'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    const profile = '/sys/firmware/acpi/hotplug/memory/enabled';
    await guest.setPolicy('offline');
    const before = guest.now;
    const dimm = await guest.plugDimm({size: '256M'});
    await dimm.online('online_movable');
    await guest.write(profile, '0');
    const plugged = guest.now;
    const {outcome, statuses} = await dimm.requestUnplug();
    t.is(
      {outcome, statuses},
      {outcome: 'refused', statuses: [NOT_SUPPORTED]},
      'how the request ended while ejecting is disabled (_OST)',
      '128: ejection not supported',
    );
    guest.expectUnchanged(plugged, 'after the refusal');
    await guest.write(profile, '1');
    await dimm.unplug();
    guest.expectUnchanged(before, 'after plug and unplug');
  },
);

conformance(
  'unplug/asked-while-stopped',
  {
    title:
      'device_del of a stopped machine removes nothing, however often it is sent; when the machine runs the DIMM goes, once',
    claims: ['qemu/unplug/asynchronous'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '256M'});
    await dimm.online('online_movable');
    const mark = eventMark(guest);
    const {outcome} = await whileStopped(
      guest,
      'ask three times while the machine is stopped',
      async () => {
        for (const time of ['first', 'second', 'third']) {
          t.is(
            await guest.tryQemu(() => askToRemove(guest, dimm.id)),
            {accepted: true, words: ''},
            `QEMU's answer to the ${time} device_del`,
          );
        }
        t.is(
          (await devicesNow(guest)).map(({id}) => id),
          [dimm.id],
          "QEMU's memory devices while it is stopped",
        );
        t.is(eventsSince(guest, mark), ['STOP'], "QEMU's events while it is stopped");
      },
      () => unplugAnswer(guest, mark, dimm),
    );
    t.is(outcome, 'removed', 'how the requests ended');
    t.is(
      eventsSince(guest, mark).filter((name) => name === 'DEVICE_DELETED'),
      ['DEVICE_DELETED'],
      'DEVICE_DELETED events',
    );
  },
);

conformance(
  'unplug/reset-is-no-answer',
  {
    title: "A reset of the machine doesn't complete a removal that the guest hasn't answered",
    claims: ['qemu/unplug/asynchronous'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '128M'});
    const mark = await resetBeforeTheAnswer(guest, dimm.id);
    t.is(
      (await devicesNow(guest)).map(({id}) => id),
      [dimm.id],
      "QEMU's memory devices after the reset",
      'the machine stays stopped: no guest could have answered',
    );
    t.is(eventsSince(guest, mark).includes('DEVICE_DELETED'), false, 'there is a DEVICE_DELETED');
  },
);

conformance(
  'unplug/movable-in-use',
  {
    title: 'A movable DIMM full of user data is removed, and the data is still there',
    claims: ['ovirt/movable-needed', 'linux/acpi/unplug'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '256M'});
    await dimm.online('online_movable');
    const free = zoneFree(guest, 'Movable');
    await fillKernelMemory(guest);
    const data = await fillUserMemory(guest, 16);
    const pages = data.size / 4096;
    const taken = free - zoneFree(guest, 'Movable');
    t.is(
      taken >= pages,
      true,
      'the data lies in the DIMM',
      `user memory comes from Movable first: it has ${taken} free pages less, the data has ${pages}`,
    );
    await dimm.unplug();
    t.is(await data.intact(), true, 'the data reads as it was written');
  },
);

conformance(
  'unplug/descending-script',
  {
    title: "oVirt's script onlines all blocks to Movable from the highest down, and the DIMM can be removed afterwards",
    claims: ['ovirt/script/descending', 'ovirt/movable-needed'],
    needs: ['memory-hotplug', 'memory-hotremove', 'command:bash', 'command:udevadm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '512M'});
    const heard = await listen(guest);
    await guest.step("run the document's script", () =>
      guest.sh(`bash -c '
    for i in \`ls -d1 /sys/devices/system/memory/memory* | sort -nr -t y -k 5\`; do
      if [ "\`cat $i/state\`" == "offline" ]; then
        echo online_movable > $i/state
      fi
    done'`),
    );
    t.is(
      told(await heard(), 'kernel'),
      dimm.blocks.map(({name}) => `online ${name}`).reverse(),
      'uevents while it runs',
      'the highest block first',
    );
    t.is(
      dimm.blocks.map(({state, validZones}) => `${state} ${validZones.join(' ')}`),
      dimm.blocks.map(() => 'online Movable'),
      "the DIMM's blocks",
    );
    await dimm.unplug();
  },
);

conformance(
  'unplug/device-disappears',
  {
    title: "An unplugged DIMM is in no list of devices any more; its id, its backend's and its slot can be used again",
    claims: ['ovirt/device-disappears', 'qemu/unplug/supported'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({id: 'once', size: '256M'});
    const {qemu} = guest.now;
    await dimm.online('online_movable');
    await dimm.unplug();
    t.is({...guest.now.qemu}, {...qemu, plugged: 0, devices: []}, "QEMU's memory devices and their sum");
    t.is(await humanMonitor(guest, 'info memory-devices'), '', 'info memory-devices of the human monitor');
    await deleteBackend(guest, 'once');
    const again = await guest.plugDimm({id: 'once', size: '256M'});
    t.is(guest.now.qemu, qemu, "QEMU's memory devices after the same plug again", 'same id, slot and address');
    t.is(
      again.blocks.map(({state}) => state),
      ['offline', 'offline'],
      'states of its blocks',
      'the policy is offline, whatever the blocks were before',
    );
  },
);

conformance(
  'unplug/one-of-three',
  {
    title: 'Removing one DIMM leaves the others and their blocks as they are',
    claims: ['linux/remove/blocks-gone', 'ovirt/device-disappears'],
    needs: ['memory-hotplug', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const low = await guest.plugDimm({size: '256M'});
    await low.online('online_movable');
    const high = await guest.plugDimm({size: '128M', address: low.device.address + 2 ** 29});
    const before = guest.now;
    const middle = await guest.plugDimm({size: '256M'});
    t.is(
      middle.device.address,
      low.device.address + low.size,
      'address of the third DIMM',
      'the gap between the others is as large as it is',
    );
    await middle.online('online_movable');
    await middle.unplug();
    guest.expectUnchanged(before, 'after the third DIMM came and went');
    t.is(
      [low, high].flatMap(({blocks}) => blocks.map(({state}) => state)),
      ['online', 'online', 'offline'],
      "states of the other DIMMs' blocks",
    );
  },
);
