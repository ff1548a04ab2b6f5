// Memory hotplug beside a virtio-balloon: pages in the balloon, in memory that is to go.
import {MiB} from '../lib/conformance/expected/units.ts';
import {balloonPagesMoved, holdInBalloon, inBalloon} from '../lib/conformance/devices/balloon.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import {framesOf} from '../lib/conformance/expected/frames.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {ostMeaning} from '../lib/conformance/host/qemu.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

const BALLOON = [
  'device:dimm',
  'memory-hotremove',
  'device:balloon',
  'config:CONFIG_BALLOON_COMPACTION|CONFIG_BALLOON_MIGRATION',
  'command:perl',
] as const;

/** Pages of a DIMM that are in the balloon. */
async function ballooned(guest: CaseGuest, dimm: Dimm): Promise<number> {
  let pages = 0;
  for (const block of dimm.blocks) pages += (await framesOf(guest, block)).offline;
  return pages;
}

/** Plugs a DIMM into ZONE_MOVABLE, whose memory the balloon takes first, and inflates it by 64 MiB. */
async function dimmInBalloon(guest: CaseGuest): Promise<Dimm> {
  const {checks} = guest;
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
  await dimm.online('online_movable');
  await holdInBalloon(guest, '64M');
  checks.is(await inBalloon(guest), 64 * MiB, 'bytes in the balloon');
  checks.is(
    await ballooned(guest, dimm),
    guest.pagesOf(64 * MiB),
    'pages of the DIMM in the balloon',
    '64 MiB of 4 KiB pages; what can move is served from ZONE_MOVABLE first, and that is the DIMM',
  );
  return dimm;
}

conformance(
  'balloonmix/offline',
  {
    title:
      "Pages in the balloon don't stop a Movable block from being offlined: they move, and the balloon keeps its size",
    claims: ['linux/movable/balloon-compaction'],
    needs: [...BALLOON, 'vmm:qemu'],
    machine: 'q35-virtio',
  },
  async ({t, guest}) => {
    const dimm = await dimmInBalloon(guest);
    const moved = await balloonPagesMoved(guest);
    await dimm.offline();
    t.is(zone(guest.now, 'Movable').present, 0, 'present pages of ZONE_MOVABLE', 'both of its blocks are offline');
    t.is(await inBalloon(guest), 64 * MiB, 'bytes in the balloon afterwards', 'as before');
    t.atLeast(
      (await balloonPagesMoved(guest)) - moved,
      64 * 256,
      'pages of the balloon moved',
      'all of its 64 MiB were in the two blocks',
    );
  },
);

conformance(
  'balloonmix/unplug',
  {
    title:
      'What becomes of a DIMM that is to be unplugged while the balloon has pages of it: it goes, or it ' +
      'stays as it was',
    claims: ['ovirt/balloon-mix'],
    needs: [...BALLOON, 'vmm:qemu', 'acpi'],
    machine: 'q35-virtio',
  },
  async ({t, guest}) => {
    const dimm = await dimmInBalloon(guest);
    const before = guest.now;
    const result = await dimm.requestUnplug();
    const left = guest.now.vmm.devices.filter(({type}) => type === 'dimm').map(({id}) => id);
    t.is(
      left,
      result.outcome === 'removed' ? [] : [dimm.id],
      'DIMMs that QEMU has afterwards',
      `the guest's reports: ${result.statuses.map((status) => ostMeaning(status)).join(', ')}`,
    );
    if (result.outcome === 'refused') guest.expectUnchanged(before, 'after a refused unplug');
    t.is(await inBalloon(guest), 64 * MiB, 'bytes in the balloon afterwards', 'as before: its pages move, or stay');
    t.fact('balloonUnplug', {outcome: result.outcome});
    await holdInBalloon(guest, '0');
    t.is(await inBalloon(guest), 0, 'bytes in the balloon once it is let go');
  },
);
