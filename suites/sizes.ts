// Sizes that the kernel computes from its memory: which ones follow plugged memory, and which stay as they were at
// boot.
import {
  fixedSizes,
  growingSizes,
  hugePagesOn,
  newTmpfs,
  recommendedMinFree,
} from '../lib/conformance/expected/boot-sizes.ts';
import {conformance} from '../lib/conformance/runner/case.ts';

const NEEDS = ['device:dimm', 'memory-hotremove'] as const;

conformance(
  'sizes/fixed-at-boot',
  {
    title:
      'Limits and tables that the kernel sizes at boot stay as they are when eight times the memory is ' +
      'plugged and used',
    claims: ['field/sizes/fixed'],
    needs: [...NEEDS, 'vmm:qemu'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = await fixedSizes(guest);
    t.fact('sizes at boot', before);
    const dimm = await guest.plugDimm({size: '8G', backend: {'qom-type': 'memory-backend-ram', reserve: false}});
    await dimm.online('online_kernel');
    t.is(
      await fixedSizes(guest),
      before,
      'sizes with 8 GiB more in Normal',
      'all are computed once, before user space starts; a tmpfs has its size from when it was mounted',
    );
  },
);

conformance(
  'sizes/tmpfs',
  {
    title:
      'A tmpfs that is mounted after a plug may have half of all memory, the DIMM included; so may ' +
      'committed memory without swap',
    claims: ['field/sizes/follow'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const half = (): number => Math.floor(guest.memTotal / 4 / 2) * 4;
    t.is(
      await newTmpfs(guest),
      half(),
      'kB of a tmpfs that is mounted before',
      'half of the pages of MemTotal: shmem_default_max_blocks() in mm/shmem.c',
    );
    const dimm = await guest.plugDimm({size: '512M'});
    await dimm.online('online_movable');
    t.is(
      await newTmpfs(guest),
      half(),
      'kB of a tmpfs that is mounted after the plug',
      `${guest.memTotal} kB are there now`,
    );
    t.is(
      (await growingSizes(guest)).commitLimitKiB,
      half(),
      'CommitLimit in kB',
      'without swap half of the pages of MemTotal: vm_commit_limit() in mm/util.c',
    );
  },
);

conformance(
  'sizes/min-free',
  {
    title: 'min_free_kbytes follows the kernel zones that have memory: Normal adds its part, ZONE_MOVABLE none',
    claims: ['field/sizes/follow'],
    needs: [...NEEDS, 'kernel>=5.10', 'config:CONFIG_TRANSPARENT_HUGEPAGE'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    t.require(
      await hugePagesOn(guest),
      true,
      'transparent huge pages are on',
      'so that khugepaged asks for free memory',
    );
    const sizes: Record<string, Awaited<ReturnType<typeof growingSizes>>> = {before: await growingSizes(guest)};
    const normal = await guest.plugDimm({size: '1G'});
    await normal.online('online_kernel');
    sizes['withNormal'] = await growingSizes(guest);
    const kernelZones = guest.now.zones.filter(
      ({name, present}) => present > 0 && !/^(Movable|Device)$/.test(name),
    ).length;
    const because = `${kernelZones} kernel zones with two pageblocks each, and nine more for their migrate types`;
    t.is(
      sizes['withNormal'].minFreeKiB,
      recommendedMinFree(kernelZones, guest.board),
      'min_free_kbytes with 1 GiB in Normal',
      because,
    );
    const movable = await guest.plugDimm({size: '1G'});
    await movable.online('online_movable');
    sizes['withMovable'] = await growingSizes(guest);
    t.is(
      sizes['withMovable'].minFreeKiB,
      recommendedMinFree(kernelZones, guest.board),
      'min_free_kbytes with 1 GiB more in ZONE_MOVABLE',
      'as before: all pages there can move, so nothing fragments',
    );
    await movable.offline();
    t.is(
      (await growingSizes(guest)).minFreeKiB,
      recommendedMinFree(kernelZones, guest.board),
      'min_free_kbytes with ZONE_MOVABLE empty again',
      because,
    );
    t.fact('sizes that follow', sizes);
  },
);
