import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {fillKernelMemory} from '../lib/conformance/workload/load.ts';

const IN_PROGRESS = 132;
const BUSY = 130;

/** Puts the blocks of a DIMM of 256 MiB into the states that a case begins with. */
const STARTS: Readonly<Record<string, (dimm: Dimm) => Promise<void>>> = {
  offline: () => Promise.resolve(),
  movable: (dimm) => dimm.online('online_movable'),
  'partly-online': async (dimm) => dimm.blocks[1]?.online('online_movable'),
};

/** A DIMM whose blocks are all in the kernel's own zone, with kernel memory in it that can't be moved. */
async function plugBusyNormal(guest: CaseGuest): Promise<Dimm> {
  const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
  await dimm.online('online_kernel');
  await fillKernelMemory(guest);
  return dimm;
}

/** Kilobytes that the kernel maps directly, by pages of any size (DirectMap4k, 2M, 1G). */
const directMap = (guest: CaseGuest): number =>
  Object.entries(guest.now.meminfo)
    .filter(([name]) => name.startsWith('DirectMap'))
    .reduce((sum, [, kb]) => sum + kb, 0);

for (const [name, start] of Object.entries(STARTS)) {
  conformance(
    `unplug/${name}`,
    {
      title:
        `A DIMM whose blocks are ${name.replace('-', ' ')} is removed on request, and the machine is as ` +
        `before the plug`,
      claims: ['linux/acpi/unplug', 'linux/remove/blocks-gone', 'qemu/unplug/supported', 'qemu/unplug/asynchronous'],
      needs: ['device:dimm', 'memory-hotremove', 'acpi'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const before = guest.now;
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
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
    needs: ['device:dimm', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now;
    for (const round of ['first', 'second', 'third']) {
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
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
    needs: ['device:dimm', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    // No entry where the kernel keeps no such map (CONFIG_FIRMWARE_MEMMAP, which ppc64el has not).
    const firmwareMap = async (): Promise<string[]> =>
      (
        await guest.sh(
          'if cd /sys/firmware/memmap 2>/dev/null; then for d in *; do ' +
            'echo "$(cat $d/start)-$(cat $d/end) $(cat $d/type)"; done | sort; fi',
        )
      )
        .split('\n')
        .filter((line) => line !== '');
    await guest.setPolicy('offline');
    const [mapped, entries] = [directMap(guest), await firmwareMap()];
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    t.is(
      directMap(guest),
      mapped === 0 ? 0 : mapped + dimm.size / 1024,
      'kB mapped directly (DirectMap…) after the plug',
      `${mapped} kB + ${dimm.size / 1024} kB; nothing where the kernel doesn't count them, as arm64's`,
    );
    const {address} = dimm.device;
    t.is(
      await firmwareMap(),
      entries.length === 0
        ? []
        : [...entries, `0x${address.toString(16)}-0x${(address + dimm.size - 1).toString(16)} System RAM`].sort(),
      '/sys/firmware/memmap after the plug',
      'one entry more, the DIMM, where the kernel keeps a map',
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
    needs: ['device:dimm', 'memory-hotremove', 'acpi'],
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
    needs: ['device:dimm', 'memory-hotremove', 'acpi'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(3)});
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
