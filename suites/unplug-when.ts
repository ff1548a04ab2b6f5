// Removal while the machine is stopped or reset, of memory in use, and in the order of the old scripts.
import {conformance} from '../lib/conformance/runner/case.ts';
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
const NOT_SUPPORTED = 128;

const zoneFree = (guest: CaseGuest, name: string): number =>
  guest.now.zones.filter((zone) => zone.name === name).reduce((sum, {free}) => sum + free, 0);

conformance(
  'unplug/refused-rolls-back',
  {
    title:
      'After a refused unplug the blocks that the driver had already offlined are online again, in the zone ' +
      'they were in',
    claims: ['linux/acpi/unplug-refused'],
    needs: ['device:dimm', 'memory-hotremove', 'acpi'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
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
    needs: ['device:dimm', 'memory-hotremove', 'acpi'],
  },
  async ({t, guest}) => {
    const profile = '/sys/firmware/acpi/hotplug/memory/enabled';
    await guest.setPolicy('offline');
    const before = guest.now;
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
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
      'device_del of a stopped machine removes nothing, however often it is sent (by DLPAR QEMU refuses the second); ' +
      'when the machine runs the DIMM goes, once',
    claims: ['qemu/unplug/asynchronous'],
    needs: ['device:dimm', 'memory-hotremove', 'vmm:qemu'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await dimm.online('online_movable');
    const mark = eventMark(guest);
    const {outcome} = await whileStopped(
      guest,
      'ask three times while the machine is stopped',
      async () => {
        for (const time of ['first', 'second', 'third']) {
          const {accepted, words} = await guest.tryQemu(() => askToRemove(guest, dimm.id));
          t.is(
            accepted,
            time === 'first' || guest.board.dimms === 'acpi',
            `QEMU accepts the ${time} device_del`,
            `by ACPI it only asks; by DLPAR one removal at a time is pending: hw/ppc/spapr.c. It said: ${words}`,
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
    title:
      "A reset of the machine doesn't complete a removal that the guest hasn't answered, unless by DLPAR, where a " +
      'guest that begins anew needs nothing that is to go',
    claims: ['qemu/unplug/asynchronous'],
    needs: ['device:dimm', 'memory-hotremove', 'vmm:qemu'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
    const goes = guest.board.dimms === 'dlpar';
    const mark = await resetBeforeTheAnswer(guest, dimm.id);
    t.is(
      (await devicesNow(guest)).map(({id}) => id),
      goes ? [] : [dimm.id],
      "QEMU's memory devices after the reset",
      'the machine stays stopped: no guest could have answered; DLPAR: spapr_drc_reset() in hw/ppc/spapr_drc.c',
    );
    t.is(eventsSince(guest, mark).includes('DEVICE_DELETED'), goes, 'there is a DEVICE_DELETED');
  },
);

conformance(
  'unplug/movable-in-use',
  {
    title: 'A movable DIMM full of user data is removed, and the data is still there',
    claims: ['ovirt/movable-needed', 'linux/acpi/unplug'],
    needs: ['device:dimm', 'memory-hotremove', 'acpi'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await dimm.online('online_movable');
    const free = zoneFree(guest, 'Movable');
    await fillKernelMemory(guest);
    const data = await fillUserMemory(guest, 16);
    const pages = guest.pagesOf(data.size);
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
    needs: ['device:dimm', 'memory-hotremove', 'command:bash', 'command:udevadm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(4)});
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
    needs: ['device:dimm', 'memory-hotremove', 'vmm:qemu'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({id: 'once', size: guest.inBlocks(2)});
    const {vmm} = guest.now;
    await dimm.online('online_movable');
    await dimm.unplug();
    t.is({...guest.now.vmm}, {...vmm, plugged: 0, devices: []}, "QEMU's memory devices and their sum");
    t.is(await humanMonitor(guest, 'info memory-devices'), '', 'info memory-devices of the human monitor');
    await deleteBackend(guest, 'once');
    const again = await guest.plugDimm({id: 'once', size: guest.inBlocks(2)});
    t.is(guest.now.vmm, vmm, "QEMU's memory devices after the same plug again", 'same id, slot and address');
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
    needs: ['device:dimm', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const low = await guest.plugDimm({size: guest.inBlocks(2)});
    await low.online('online_movable');
    const high = await guest.plugDimm({size: guest.inBlocks(1), address: low.device.address + 2 * low.size});
    const before = guest.now;
    const middle = await guest.plugDimm({size: guest.inBlocks(2)});
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
