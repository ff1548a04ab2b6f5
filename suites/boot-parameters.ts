// Kernel parameters for memory: known, unknown, and those of other zones.
import {autoMovable, crosses, offers} from '../lib/conformance/expected/auto-movable.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {framesOf} from '../lib/conformance/expected/frames.ts';
import {readParameter, setParameters} from '../lib/conformance/guest/parameters.ts';
import {PARAMETERS} from '../lib/conformance/guest/sysfs.ts';
import {bytesMissing, zone} from '../lib/conformance/expected/zones.ts';

conformance(
  'boot/parameters',
  {
    title: 'Module parameters on the command line are what the parameters read, and what a DIMM is onlined by',
    claims: ['linux/params/command-line', 'linux/policy/auto-movable'],
    needs: ['device:dimm', 'numa', 'kernel>=5.15'],
    boot: boots.autoMovable,
  },
  async ({t, guest}) => {
    const names = ['online_policy', 'auto_movable_ratio', 'auto_movable_numa_aware'];
    t.is(
      await Promise.all(names.map((name) => readParameter(guest, name))),
      ['auto-movable', '50', 'N'],
      names.join(', '),
    );
    await guest.setPolicy('online');
    const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
    t.is(
      dimm.blocks.map(({validZones}) => validZones.join(' ')),
      ['Normal'],
      'zone of a DIMM of one block',
      'kernelcore=512M, on the same command line, has half of the boot memory in ZONE_MOVABLE: 50% are used up',
    );
  },
);

conformance(
  'boot/parameters-unknown',
  {
    title: "Values that the module parameters don't know are refused on the command line: the defaults stay",
    claims: ['linux/params/bad-input', 'linux/params/command-line'],
    needs: ['memory-hotplug', 'numa', 'kernel>=5.15'],
    boot: boots.unknownWords,
  },
  async ({t, guest}) => {
    const names = ['online_policy', 'auto_movable_ratio', 'auto_movable_numa_aware'];
    t.is(
      await Promise.all(names.map((name) => readParameter(guest, name))),
      ['contig-zones', '301', 'Y'],
      names.join(', '),
      'the documented defaults',
    );
  },
);

conformance(
  'boot/parameters-absent',
  {
    title: 'Before 5.13 memory_hotplug has no module parameters, and those on the command line change nothing',
    claims: ['linux/params/present'],
    needs: ['device:dimm', 'kernel<5.13'],
    boot: boots.autoMovable,
  },
  async ({t, guest}) => {
    t.is((await guest.trySh(`[ -e ${PARAMETERS} ]`)).status === 0, false, `${PARAMETERS} is there`);
    await guest.setPolicy('online');
    const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
    t.is(
      dimm.blocks.map(({validZones}) => validZones.join(' ')),
      ['Normal'],
      'zone of a DIMM of one block',
      'there is no online_policy, so it is contig-zones',
    );
  },
);

conformance(
  'boot/cma-counts',
  {
    title: "CMA's pages count as movable for auto-movable, although they lie in a kernel zone",
    claims: ['linux/policy/cma'],
    needs: ['device:dimm', 'kernel>=5.15', 'config:CONFIG_DMA_CMA'],
    boot: boots.movableNode,
  },
  async ({t, guest}) => {
    t.is(guest.now.meminfo['CmaTotal'], 64 * 1024, 'CmaTotal in kB', "cma=64M on the kernel's command line");
    await autoMovable(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await crosses(t, guest, dimm, 'with 64 MiB of CMA');
    const without = Math.ceil(
      (guest.pagesOf(dimm.size) / (zone(guest.now, 'DMA').present + zone(guest.now, 'DMA32').present)) * 100,
    );
    await setParameters(guest, {auto_movable_ratio: without});
    offers(t, guest, dimm, without, 'Normal', `at ${without}%, which would do if CMA's pages were kernel memory`);
  },
);

conformance(
  'boot/movable-offline',
  {
    title: 'A block of boot memory in ZONE_MOVABLE without reserved pages goes offline, and comes back with its memory',
    claims: ['linux/movable/boot-offline', 'linux/offline/hidden'],
    needs: ['memory-hotplug', 'memory-hotremove', 'command:perl'],
    boot: boots.autoMovable,
  },
  async ({t, guest}) => {
    const before = guest.now;
    const blocks = before.blocks
      .filter(({id, validZones}) => validZones.join() === 'Movable' && bytesMissing(before, id) === 0)
      .map(({id}) => guest.block(id));
    const reserved = await Promise.all(blocks.map(async (block) => (await framesOf(guest, block)).reserved));
    const errnos: string[] = [];
    for (const [i, block] of blocks.entries()) {
      const {errno} = await block.write('state', 'offline');
      errnos.push(errno);
      t.is(
        guest.memTotal,
        (before.meminfo['MemTotal'] ?? 0) - (reserved[i] === 0 ? guest.blockSize / 1024 : 0),
        `MemTotal after offline was written to ${block.name}`,
        `it has ${reserved[i]} reserved pages`,
      );
      if (errno === 'none') await block.online('online_movable');
      guest.expectUnchanged(before, `after ${block.name} went offline and online again, or was refused`);
    }
    t.is(
      errnos,
      reserved.map((count) => (count === 0 ? 'none' : 'EBUSY')),
      'errors when offline is written to whole blocks of ZONE_MOVABLE',
      `reserved pages by block: ${reserved.join(', ')}`,
    );
    t.is(errnos.includes('none'), true, 'one of them at least went offline');
  },
);
