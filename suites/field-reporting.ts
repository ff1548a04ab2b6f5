// What users report, part six: free pages are reported to the host, beside a DIMM that comes and goes.
import {MiB} from '../lib/conformance/expected/units.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {fillText, fillUserMemory} from '../lib/conformance/workload/load.ts';
import {calmKhugepaged} from '../lib/conformance/workload/quiet.ts';
import {plugReporter, reportable, reports, residentFalls, residentOf} from '../lib/conformance/devices/reporting.ts';

/** A size that no other mapping of QEMU has. */
const SIZE = 384 * MiB;
const HEAD = {
  needs: [
    'device:dimm',
    'memory-hotremove',
    'acpi',
    'vmm:qemu',
    'kernel>=5.7',
    'device:balloon',
    'command:sha256sum',
    'command:udevadm',
  ] as const,
  machine: 'q35-768m',
  boot: boots.coldMovable,
  seconds: 60,
};

/** A Movable DIMM that is the only memory in that zone, so that user space is served from it first. */
async function onlyDimm(guest: CaseGuest): Promise<Dimm> {
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  await (await guest.findDimm('cold0')).unplug();
  const dimm = await guest.plugDimm({size: guest.inBlocks(3)});
  await dimm.online('online_movable');
  return dimm;
}

conformance(
  'field/reporting-dimm',
  {
    title:
      'Pages of a DIMM that become free are reported: the host has them back, all that is large enough, and ' +
      'data beside them is unharmed',
    claims: ['field/reporting/returns'],
    ...HEAD,
  },
  async ({t, guest}) => {
    await onlyDimm(guest);
    const data = await fillUserMemory(guest, 16);
    await fillText(guest, 128);
    t.atLeast(
      await residentOf(guest, SIZE),
      144 * 1024,
      'KiB that the host holds for the DIMM',
      'the guest has written 144 MiB, and is served from ZONE_MOVABLE first',
    );
    await plugReporter(guest, 'port0');
    t.is(await reports(guest), true, 'the driver reports free pages');
    await guest.step('let go of 128 MiB', () => guest.sh('umount /run/memhp.text'));
    const free = await reportable(guest, 'Movable');
    t.atLeast(
      free,
      128 * 1024,
      'KiB free in ZONE_MOVABLE in whole pageblocks',
      '128 MiB were let go, and more has never been used',
    );
    const most = SIZE / 1024 - free;
    t.is(
      (await residentFalls(guest, SIZE, most)) <= most,
      true,
      'the host holds no more for the DIMM than its size less what is free in whole pageblocks',
      `${SIZE / 1024} − ${free} KiB: each such page is reported, and comes back when it is used`,
    );
    t.is(await data.intact(), true, 'the guest still reads its data', 'reported pages were free');
  },
);

conformance(
  'field/reporting-unplug',
  {
    title:
      'A DIMM can be offlined, unplugged and replaced while free pages are reported; data that was in it is unharmed',
    claims: ['field/reporting/unplug', 'linux/acpi/unplug'],
    ...HEAD,
  },
  async ({t, guest}) => {
    const dimm = await onlyDimm(guest);
    await plugReporter(guest, 'port0');
    t.is(await reports(guest), true, 'the driver reports free pages');
    const data = await fillUserMemory(guest, 32);
    await fillText(guest, 64);
    await guest.step('let go of 64 MiB', () => guest.sh('umount /run/memhp.text'));
    await dimm.offline();
    t.is(await data.intact(), true, 'the guest reads its data after the DIMM went offline');
    await dimm.online('online_movable');
    t.is((await dimm.requestUnplug()).outcome, 'removed', 'how the request to take it out ended');
    t.is(await data.intact(), true, 'the guest reads its data after the unplug');
    const again = await guest.plugDimm({size: guest.inBlocks(2)});
    await again.online('online_movable');
    t.is(
      again.blocks.map(({validZones}) => validZones.join(' ')),
      ['Movable', 'Movable'],
      'zones of another DIMM in its place',
    );
  },
);
