// memory_hotplug.memmap_on_memory: the memmap of plugged memory lies in that memory.
import {GiB} from '../lib/conformance/expected/units.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Checks} from '../lib/conformance/verdict/checks.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {memmapOf} from '../lib/conformance/expected/memmap.ts';
import {readParameter} from '../lib/conformance/guest/parameters.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

const NEEDS = ['device:dimm', 'kernel>=5.13', 'config:CONFIG_MHP_MEMMAP_ON_MEMORY'] as const;

/** Plugs a DIMM of some blocks, onlines it to ZONE_MOVABLE, and says how MemTotal and the zone have grown. */
async function grown(
  guest: CaseGuest,
  blocks: number,
): Promise<{memTotalKiB: number; present: number; managed: number}> {
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({size: guest.inBlocks(blocks)});
  const {memTotal, now} = guest;
  await dimm.online('online_movable');
  const [before, after] = [zone(now, 'Movable'), zone(guest.now, 'Movable')];
  return {
    memTotalKiB: guest.memTotal - memTotal,
    present: after.present - before.present,
    managed: after.managed - before.managed,
  };
}

/** Blocks that hold their memmap: all of their pages are present, all but the memmap are managed. */
function holdTheirs(t: Checks, guest: CaseGuest, blocks: number, seen: Awaited<ReturnType<typeof grown>>): void {
  const memmap = guest.pagesOf(memmapOf(guest.now));
  const pages = guest.pagesOf(guest.blockSize);
  t.is(
    seen,
    {memTotalKiB: (pages - memmap) * blocks * 4, present: pages * blocks, managed: (pages - memmap) * blocks},
    `what ${blocks} blocks onlined add`,
    `each block has ${pages} pages of 4 KiB with a struct page of 64 bytes, so ${memmap} pages of memmap: ` +
      `126 of 128 MiB are left`,
  );
}

conformance(
  'memmap/one-block',
  {
    title: 'With memmap_on_memory a DIMM of one block adds the block less its memmap: 126 of 128 MiB',
    claims: ['linux/memmap-on-memory/effect', 'linux/params/command-line'],
    needs: NEEDS,
    boot: boots.ownMemmap,
  },
  async ({t, guest}) => {
    t.is(
      await readParameter(guest, 'memmap_on_memory'),
      'Y',
      'memmap_on_memory',
      "memory_hotplug.memmap_on_memory=1 on the kernel's command line",
    );
    holdTheirs(t, guest, 1, await grown(guest, 1));
  },
);

conformance(
  'memmap/every-block',
  {
    title: 'Since 6.8, with memmap_on_memory, every block of a DIMM holds its own memmap',
    claims: ['linux/memmap-on-memory/effect'],
    needs: [...NEEDS, 'kernel>=6.8'],
    boot: boots.ownMemmap,
  },
  async ({t, guest}) => {
    holdTheirs(t, guest, 3, await grown(guest, 3));
  },
);

conformance(
  'memmap/falls-back',
  {
    title: "Before 6.8 memmap_on_memory silently doesn't hold for a DIMM of several blocks: it adds all of its memory",
    claims: ['linux/memmap-on-memory/hint-only'],
    needs: [...NEEDS, 'kernel<6.8'],
    boot: boots.ownMemmap,
  },
  async ({t, guest}) => {
    t.is(await readParameter(guest, 'memmap_on_memory'), 'Y', 'memmap_on_memory');
    const {
      now: {blockSize},
    } = guest;
    const pages = guest.pagesOf(2 * blockSize);
    t.is(
      await grown(guest, 2),
      {memTotalKiB: pages * 4, present: pages, managed: pages},
      'what two blocks onlined add',
      'the range that is added must be exactly one block, else the memmap is allocated as usual',
    );
    t.is(
      guest.now.kernelLog.filter((line) => /memmap/i.test(line)),
      [],
      'kernel messages about the memmap',
    );
  },
);

conformance(
  'memmap/auto-online',
  {
    title: 'With memmap_on_memory blocks that are onlined automatically hold their memmap as well',
    claims: ['linux/memmap-on-memory/effect'],
    needs: NEEDS,
    boot: boots.ownMemmap,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const {memTotal} = guest;
    for (const count of [1, 2]) {
      await guest.plugDimm({size: guest.inBlocks(1)});
      t.is(
        guest.memTotal,
        memTotal + (count * (guest.blockSize - memmapOf(guest.now))) / 1024,
        `MemTotal with ${count} DIMMs of one block`,
        `${memTotal} kB before, and a block less its memmap for each`,
      );
    }
  },
);

conformance(
  'memmap/drift',
  {
    title: 'A block that holds its memmap goes online and offline without drift, and its DIMM leaves nothing behind',
    claims: ['linux/memmap-on-memory/effect'],
    needs: [...NEEDS, 'memory-hotremove'],
    boot: boots.ownMemmap,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const unplugged = guest.now;
    const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
    const offline = guest.now;
    const {managed} = zone(offline, 'Movable');
    for (let round = 1; round <= 3; round++) {
      await dimm.online('online_movable');
      t.is(
        zone(guest.now, 'Movable').managed,
        managed + guest.pagesOf(guest.blockSize - memmapOf(guest.now)),
        `managed pages of ZONE_MOVABLE, round ${round}`,
        `${managed} at first, and the block less its memmap`,
      );
      await dimm.offline();
      guest.expectUnchanged(offline, `offline again, round ${round}`);
    }
    const {outcome} = await dimm.requestUnplug();
    t.is(outcome, 'removed', 'how the unplug request ended');
    guest.expectUnchanged(unplugged, 'after the unplug');
  },
);

conformance(
  'memmap/free-memory',
  {
    title: 'With memmap_on_memory adding memory costs less of the free memory than its memmap',
    claims: ['linux/memmap-on-memory/effect'],
    needs: NEEDS,
    boot: boots.ownMemmap,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const free = async (): Promise<number> => {
      await guest.sh('sync; echo 3 >/proc/sys/vm/drop_caches');
      return (await guest.observe('the free memory')).meminfo['MemFree'] ?? 0;
    };
    const before = await free();
    for (let i = 0; i < 8; i++) await guest.plugDimm({size: guest.inBlocks(1)});
    const memmapKiB = (8 * memmapOf(guest.now)) / 1024;
    t.atLeast(
      await free(),
      before - memmapKiB + 1,
      'MemFree in kB after eight DIMMs of one block',
      `${before} kB before; their memmap of ${memmapKiB} kB doesn't come from it`,
    );
  },
);

conformance(
  'memmap/force',
  {
    title:
      'memmap_on_memory=force works like 1 where the memmap fills whole pageblocks, as on x86_64: no page is wasted',
    claims: ['linux/memmap-on-memory/effect', 'linux/params/command-line'],
    needs: [...NEEDS, 'kernel>=6.8', 'arch:amd64'],
    boot: boots.ownMemmapForced,
  },
  async ({t, guest}) => {
    t.is(await readParameter(guest, 'memmap_on_memory'), 'force', 'memmap_on_memory');
    holdTheirs(t, guest, 2, await grown(guest, 2));
  },
);

conformance(
  'memmap/scarce',
  {
    title: 'With memmap_on_memory a DIMM can be added whose memmap is more than all memory that the guest has left',
    claims: ['linux/memmap-on-memory/less-likely-to-fail'],
    needs: [...NEEDS, 'kernel>=6.8'],
    boot: boots.ownMemmap,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const available = async (): Promise<number> =>
      (await guest.observe('the memory that is left')).meminfo['MemAvailable'] ?? 0;
    const mib = Math.floor((await available()) / 1024) - 90;
    await guest.step(`fill ${mib} MiB of a tmpfs`, () =>
      guest.sh(
        `mkdir -p /run/memhp.full && mount -t tmpfs -o size=100% none /run/memhp.full && fallocate -l ` +
          `${mib}MiB /run/memhp.full/file`,
      ),
    );
    const left = await available();
    const memmapKiB = (8 * GiB) / 64 / 1024;
    t.require(
      left < memmapKiB,
      true,
      'less memory is available than the memmap of 8 GiB takes',
      `${left} kB against ${memmapKiB} kB`,
    );
    const dimm = await guest.plugDimm({size: '8G'});
    const messages = guest.now.kernelLog.filter((line) => /out of memory/i.test(line));
    t.is(
      {states: new Set(dimm.blocks.map(({state}) => state)), messages},
      {states: ['offline'], messages: []},
      "states of the DIMM's 64 blocks, and messages that the kernel ran out of memory",
    );
  },
);

/** Asks for one huge page of 1 GiB with a DIMM of 3 GiB in Normal; returns how many there are. */
async function gigantic(guest: CaseGuest): Promise<number> {
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({size: '3G'});
  await dimm.online('online_kernel');
  const pool = '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages';
  await guest.sh(`echo 1 >${pool}`);
  return Number(await guest.read(pool));
}

for (const [id, boot, possible] of [
  ['gigantic', boots.ownMemmap, false],
  ['gigantic-without', boots.unknownWords, true],
] as const) {
  conformance(
    `memmap/${id}`,
    {
      title: possible
        ? 'Without memmap_on_memory plugged memory forms huge pages of 1 GiB'
        : 'With memmap_on_memory plugged memory forms no huge page of 1 GiB: each block begins with its memmap',
      claims: ['linux/memmap-on-memory/fragments'],
      needs: [...NEEDS, 'kernel>=6.8', 'arch:amd64', 'config:CONFIG_HUGETLB_PAGE'],
      boot,
    },
    async ({t, guest}) => {
      t.is(
        await gigantic(guest),
        possible ? 1 : 0,
        'huge pages of 1 GiB after one was asked for',
        possible
          ? 'nothing but kernel allocations made since can be in the way'
          : 'a gibibyte has eight blocks, and the first 2 MiB of each hold its memmap; boot memory has no ' +
              'whole gibibyte',
      );
    },
  );
}
