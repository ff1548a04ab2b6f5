// What users report, part five: CPUs are plugged beside memory, as most rule files for one have a line for the other.
import {conformance} from '../lib/conformance/case.ts';
import {cpusNow, fillFrom, onlineCpu, plugCpu, unplugCpu} from '../lib/conformance/cpu.ts';
import type {CaseGuest} from '../lib/conformance/guest.ts';
import {ostMeaning} from '../lib/conformance/qemu.ts';

const HEAD = {
  claims: ['field/cpu/beside-memory', 'linux/acpi/plug', 'linux/acpi/unplug'],
  needs: ['memory-hotplug', 'memory-hotremove', 'config:CONFIG_ACPI_HOTPLUG_CPU', 'command:udevadm'] as const,
  machine: 'q35-wide',
  seconds: 60,
};
const ONE = {online: '0', present: '0', node: '0'};
const TWO = {online: '0-1', present: '0-1', node: '0-1'};

const zones = (guest: CaseGuest, ids: readonly number[]): string[] => ids.map((id) => guest.view(id).validZones.join(' '));

conformance('field/cpu-first', {
  title: 'A CPU is plugged before a DIMM and taken out before it: neither changes the other, and both leave nothing behind',
  ...HEAD,
}, async ({t, guest}) => {
  await guest.setPolicy('offline');
  const before = guest.now;
  t.is(await cpusNow(guest), ONE, 'CPUs at first');
  await plugCpu(guest);
  await onlineCpu(guest);
  t.is(await cpusNow(guest), TWO, 'CPUs with the second one online');
  guest.expectUnchanged(before, 'with a second CPU');
  const dimm = await guest.plugDimm({size: '512M'});
  await dimm.online('online_movable');
  t.is(zones(guest, dimm.blockIds), dimm.blockIds.map(() => 'Movable'), 'zones of the DIMM\'s blocks');
  t.is(await fillFrom(guest, 1, 64), true, '64 MiB written on the second CPU read back');
  const used = guest.now;
  await unplugCpu(guest);
  t.is(await cpusNow(guest), ONE, 'CPUs after the second one is gone');
  guest.expectUnchanged(used, 'after the CPU is gone');
  const {outcome, statuses} = await dimm.requestUnplug();
  t.is(outcome, 'removed', 'how the request to take the DIMM out ended', `pages that the CPU's own lists held are back; the guest reported ${statuses.map((status) => ostMeaning(status)).join(', ')}`);
  guest.expectUnchanged(before, 'after both are gone');
});

conformance('field/cpu-last', {
  title: 'A CPU is plugged after a DIMM, works in its memory, and is taken out after it: neither changes the other, and both leave nothing behind',
  ...HEAD,
}, async ({t, guest}) => {
  await guest.setPolicy('offline');
  const before = guest.now;
  const dimm = await guest.plugDimm({size: '512M'});
  await plugCpu(guest);
  await dimm.online('online_movable');
  await onlineCpu(guest);
  t.is(await cpusNow(guest), TWO, 'CPUs with the second one online');
  t.is(await fillFrom(guest, 1, 64), true, '64 MiB written on the second CPU read back');
  const {outcome, statuses} = await dimm.requestUnplug();
  t.is(outcome, 'removed', 'how the request to take the DIMM out ended', `with pages of it in the lists of a CPU that is online; the guest reported ${statuses.map((status) => ostMeaning(status)).join(', ')}`);
  t.is(await cpusNow(guest), TWO, 'CPUs after the DIMM is gone');
  guest.expectUnchanged(before, 'after the DIMM is gone');
  await unplugCpu(guest);
  t.is(await cpusNow(guest), ONE, 'CPUs after the second one is gone');
  guest.expectUnchanged(before, 'after both are gone');
});
