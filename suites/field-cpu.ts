// What users report, part five: CPUs are plugged beside memory, as most rule files for one have a line for the other.
import {conformance} from '../lib/conformance/runner/case.ts';
import {
  type Cpus,
  cpusNow,
  fillFrom,
  hasRoomForCpu,
  offlineCpu,
  onlineCpu,
  plugCpu,
} from '../lib/conformance/guest/cpu.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {ostMeaning} from '../lib/conformance/host/qemu.ts';

const HEAD = {
  claims: ['field/cpu/beside-memory', 'linux/acpi/plug', 'linux/acpi/unplug'],
  needs: [
    'device:dimm',
    'memory-hotremove',
    'vmm:qemu',
    'acpi',
    'config:CONFIG_ACPI_HOTPLUG_CPU',
    'command:udevadm',
    'command:taskset',
  ] as const,
  machine: 'q35-wide',
};
const REFUSED = 'a guest without room for another CPU refuses it, and takes and gives back DIMMs as ever';

const zones = (guest: CaseGuest, ids: readonly number[]): string[] =>
  ids.map((id) => guest.view(id).validZones.join(' '));

/**
 * What the guest is to say of its CPUs with the second one plugged and online: what it said before where it had no room
 * for it.
 */
const withSecond = ({possible, ...before}: Cpus, hasRoom: boolean): Cpus =>
  hasRoom ? {possible, online: '0-1', present: '0-1', node: '0-1'} : {possible, ...before};

/** The same once it went offline: it is still present. */
const afterOfflining = (before: Cpus, hasRoom: boolean): Cpus => ({
  ...before,
  present: withSecond(before, hasRoom).present,
});

conformance(
  'field/cpu-first',
  {
    title:
      'A CPU is plugged before a DIMM and goes offline before it: neither changes the other, and the DIMM ' +
      'leaves nothing behind',
    ...HEAD,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const [before, cpus, hasRoom] = [guest.now, await cpusNow(guest), await hasRoomForCpu(guest)];
    await plugCpu(guest);
    await onlineCpu(guest);
    t.is(await cpusNow(guest), withSecond(cpus, hasRoom), 'CPUs with the second one plugged', REFUSED);
    guest.expectUnchanged(before, 'with a second CPU');
    const dimm = await guest.plugDimm({size: guest.inBlocks(4)});
    await dimm.online('online_movable');
    t.is(
      zones(guest, dimm.blockIds),
      dimm.blockIds.map(() => 'Movable'),
      "zones of the DIMM's blocks",
    );
    t.is(await fillFrom(guest, hasRoom ? 1 : 0, 64), true, '64 MiB written on the last CPU read back');
    const used = guest.now;
    await offlineCpu(guest);
    t.is(await cpusNow(guest), afterOfflining(cpus, hasRoom), 'CPUs after the second one went offline');
    guest.expectUnchanged(used, 'after the CPU went offline');
    const {outcome, statuses} = await dimm.requestUnplug();
    t.is(
      outcome,
      'removed',
      'how the request to take the DIMM out ended',
      `pages that the CPU's own lists held are back; the guest reported ` +
        statuses.map((status) => ostMeaning(status)).join(', '),
    );
    guest.expectUnchanged(before, 'after the DIMM is gone');
  },
);

conformance(
  'field/cpu-last',
  {
    title:
      'A CPU is plugged after a DIMM, works in its memory, and stays online when it goes: neither changes ' +
      'the other, and the DIMM leaves nothing behind',
    ...HEAD,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const [before, cpus, hasRoom] = [guest.now, await cpusNow(guest), await hasRoomForCpu(guest)];
    const dimm = await guest.plugDimm({size: guest.inBlocks(4)});
    await plugCpu(guest);
    await dimm.online('online_movable');
    await onlineCpu(guest);
    t.is(await cpusNow(guest), withSecond(cpus, hasRoom), 'CPUs with the second one plugged', REFUSED);
    t.is(await fillFrom(guest, hasRoom ? 1 : 0, 64), true, '64 MiB written on the last CPU read back');
    const {outcome, statuses} = await dimm.requestUnplug();
    t.is(
      outcome,
      'removed',
      'how the request to take the DIMM out ended',
      `with pages of it in the lists of a CPU that is online; the guest reported ` +
        statuses.map((status) => ostMeaning(status)).join(', '),
    );
    t.is(await cpusNow(guest), withSecond(cpus, hasRoom), 'CPUs after the DIMM is gone');
    guest.expectUnchanged(before, 'after the DIMM is gone');
  },
);
