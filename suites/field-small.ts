// What users report, part three: little boot RAM, and room for very much more.
import {MiB, GiB} from '../lib/conformance/expected/units.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {bounceBuffer, copyDirectly, plugNarrowDisk} from '../lib/conformance/workload/narrow-disk.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

const NEEDS = [
  'device:dimm',
  'memory-hotremove',
  'command:perl',
  'command:udevadm',
  'config:CONFIG_VIRTIO_PCI',
] as const;

const SMALL = [
  {id: 'small-512m', machine: 'q35-512m', boot: boots.coldOffline, says: '512 MiB of boot RAM and maxmem of 960 GiB'},
  {id: 'small-768m', machine: 'q35-768m', boot: boots.coldMovable, says: '768 MiB of boot RAM and maxmem of 256 GiB'},
] as const;

for (const {id, says, ...head} of SMALL) {
  conformance(
    `field/${id}-plug`,
    {
      title: `A guest with ${says} boots, and memory twice as large as its boot RAM can be plugged, used and taken out`,
      claims: ['field/small-ram/boots', 'qemu/options/m'],
      needs: NEEDS,
      ...head,
    },
    async ({t, guest}) => {
      const {ram, maxmem} = guest.machine;
      t.is(
        guest.now.blocks.filter(({id: block}) => block * guest.blockSize < 4 * GiB).length,
        ram / guest.blockSize,
        'blocks below 4 GiB',
        `${ram / MiB} MiB of boot RAM; what maxmem allows (${maxmem / GiB} GiB) is no memory yet`,
      );
      await guest.setPolicy('offline');
      const before = guest.now;
      const dimm = await guest.plugDimm({size: `${(2 * ram) / MiB}M`});
      const movable = zone(before, 'Movable').present;
      await dimm.online('online_movable');
      t.is(
        zone(guest.now, 'Movable').present,
        movable + guest.pagesOf(dimm.size),
        'present pages of ZONE_MOVABLE',
        `${movable} before, and the DIMM`,
      );
      t.is((await dimm.requestUnplug()).outcome, 'removed', 'how the request to take it out ended');
      guest.expectUnchanged(before, 'after the unplug');
    },
  );

  conformance(
    `field/${id}-bounce`,
    {
      title:
        `A guest with ${says} has a bounce buffer of 64 MiB, by which a disk of 32 bits reaches plugged ` +
        `memory above 4 GiB`,
      claims: ['field/small-ram/bounce'],
      needs: [...NEEDS, 'vmm:qemu'],
      ...head,
    },
    async ({t, guest}) => {
      t.is(
        await bounceBuffer(guest),
        64 * 1024,
        'kB of the bounce buffer',
        "by default 64 MiB, where memory above 4 GiB can come: the firmware's SRAT announces it up to maxmem",
      );
      await guest.setPolicy('offline');
      const cold = await guest.findDimm('cold0');
      if (cold.blocks.some(({state}) => state !== 'online')) await cold.online('online_movable');
      const disk = await plugNarrowDisk(guest, 'port0', 32);
      const {intact, bounced} = await copyDirectly(guest, disk, 8);
      t.is(intact, true, 'the disk gives back what was written');
      t.atLeast(
        bounced,
        2 * 8 * MiB,
        'bytes of the copy that went through the bounce buffer',
        "8 MiB were written and read, from a process's memory, which is served from ZONE_MOVABLE first: the " +
          'DIMM above 4 GiB',
      );
      t.is(
        (await cold.requestUnplug()).outcome,
        'removed',
        'how the request to take the DIMM out ended',
        'a transfer that is over pins nothing',
      );
    },
  );
}
