// Errors that the kernel is asked to make when a block goes offline or online.
import {conformance} from '../lib/conformance/runner/case.ts';
import {allocateMemory} from '../lib/conformance/workload/allocated.ts';
import {hugePages} from '../lib/conformance/guest/hugepages.ts';
import {movableDimm} from '../lib/conformance/workload/movable-dimm.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {ostMeaning} from '../lib/conformance/host/qemu.ts';
import {veto} from '../lib/conformance/workload/refused.ts';
import {watchOffline} from '../lib/conformance/guest/waiting.ts';
import {pagesPerBlock, zone} from '../lib/conformance/expected/zones.ts';

const NEEDS: readonly Need[] = ['device:dimm', 'memory-hotremove'];
const INJECT: readonly Need[] = ['kernel-config', 'config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT'];

conformance(
  'offline/retries',
  {
    title:
      "While pages can't be migrated offlining tries them again and again, until it is aborted; then all is as before",
    claims: ['linux/offline/may-retry-forever', 'linux/offline/abort-by-signal'],
    needs: [...NEEDS, 'command:perl'],
  },
  async ({t, guest}) => {
    const {block} = await movableDimm(guest);
    const allocated = await allocateMemory(guest, 16, 'pinned');
    t.require(
      await allocated.pagesIn(block),
      allocated.pages,
      'pages of the process in the block',
      '16 MiB of 4 KiB pages; user space is served from ZONE_MOVABLE first',
    );
    const before = guest.now;
    const failed = 'awk \'$1 == "pgmigrate_fail" {print $2}\' /proc/vmstat';
    const start = Number(await guest.sh(failed));
    const [pinned, rounds] = [256, 3];
    let seen = 0;
    const ended = await watchOffline(
      guest,
      block,
      `offline ${block.name}, send SIGALRM after ${rounds} rounds`,
      async (watch, pid) => {
        await watch.run(
          `until [ $(${failed}) -ge ${start + rounds * pinned} ]; do :; done; kill -ALRM ${pid}`,
          guest.limits.operationMs,
        );
        seen = Number((await watch.run(failed, guest.limits.shellMs)).stdout);
      },
    );
    t.atLeast(
      seen - start,
      rounds * pinned,
      'migrations that failed meanwhile (pgmigrate_fail)',
      `${pinned} pages are pinned, and each round fails for each of them once`,
    );
    t.is(
      {meanwhile: ended.meanwhile?.[block.name], errno: ended.errno},
      {meanwhile: 'going-offline', errno: 'EINTR'},
      'state of the block meanwhile, and error of the write',
    );
    guest.expectUnchanged(before, 'after the aborted offlining');
    t.is(await allocated.changedPages(), 0, 'pages that lost their content');
    await allocated.release();
    await block.offline();
  },
);

/** Numbers of errors that the module can answer with. */
const ERRORS = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EACCES: 13,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
} as const;

conformance(
  'offline/vetoed-errors',
  {
    title:
      'Whatever error a part of the kernel vetoes offlining with, the write fails with that error, and nothing changes',
    claims: ['linux/offline/failure-unchanged'],
    needs: [...NEEDS, ...INJECT],
  },
  async ({t, guest}) => {
    const {block} = await movableDimm(guest);
    const before = guest.now;
    const seen: Record<string, string> = {};
    for (const [name, number] of Object.entries(ERRORS)) {
      await veto(guest, 'MEM_GOING_OFFLINE', number);
      seen[name] = (await block.write('state', 'offline')).errno;
    }
    t.is(
      seen,
      Object.fromEntries(Object.keys(ERRORS).map((name) => [name, name])),
      'error of the write, by the error of the veto',
      'notifier_to_errno() hands it on',
    );
    guest.expectUnchanged(before, 'after offlining was vetoed with each of them');
    await veto(guest, 'MEM_GOING_OFFLINE', 0);
    await block.offline();
  },
);

conformance(
  'online/vetoed-errors',
  {
    title:
      'Whatever error a part of the kernel vetoes onlining with, the write fails with that error, and nothing changes',
    claims: ['linux/online/failure-unchanged'],
    needs: [...NEEDS, ...INJECT],
  },
  async ({t, guest}) => {
    const {block} = await movableDimm(guest);
    await block.offline();
    const before = guest.now;
    const seen: Record<string, string> = {};
    for (const [name, number] of Object.entries(ERRORS)) {
      await veto(guest, 'MEM_GOING_ONLINE', number);
      seen[name] = (await block.write('state', 'online_movable')).errno;
    }
    t.is(
      seen,
      Object.fromEntries(Object.keys(ERRORS).map((name) => [name, name])),
      'error of the write, by the error of the veto',
      'notifier_to_errno() hands it on',
    );
    guest.expectUnchanged(before, 'after onlining was vetoed with each of them');
    await veto(guest, 'MEM_GOING_ONLINE', 0);
    await block.online('online_movable');
    t.is(block.validZones, ['Movable'], 'valid_zones once nobody vetoes any more');
  },
);

conformance(
  'unplug/vetoed',
  {
    title:
      'An unplug that a part of the kernel vetoes is answered with busy, whatever the error, and nothing ' +
      'changes; afterwards it works',
    claims: ['linux/acpi/unplug-refused'],
    needs: [...NEEDS, ...INJECT, 'acpi'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
    await dimm.online('online_movable');
    const before = guest.now;
    for (const name of ['EPERM', 'EINVAL', 'EIO'] as const) {
      await veto(guest, 'MEM_GOING_OFFLINE', ERRORS[name]);
      const {outcome, statuses} = await dimm.requestUnplug();
      t.is(
        {outcome, statuses: statuses.map((status) => ostMeaning(status))},
        {outcome: 'refused', statuses: ['132 (ejection in progress)', '130 (device busy)']},
        `${name}: how the request ended (_OST)`,
        'acpi_scan_try_to_offline() makes EBUSY of every failure to offline',
      );
      guest.expectUnchanged(before, `after the unplug was vetoed with ${name}`);
    }
    await veto(guest, 'MEM_GOING_OFFLINE', 0);
    await dimm.unplug();
  },
);

conformance(
  'offline/concurrent-huge-pages',
  {
    title:
      'While huge pages come and go, each attempt to offline a block works or fails with EBUSY and leaves ' +
      'it as it was; afterwards it works',
    claims: ['linux/offline/concurrent', 'linux/offline/failure-unchanged'],
    needs: [...NEEDS, 'config:CONFIG_HUGETLB_PAGE'],
    seconds: 60,
  },
  async ({t, guest}) => {
    const {block} = await movableDimm(guest);
    await guest.step('start a process that fills and empties the pool of huge pages, over and over', () =>
      guest.sh(
        'cd /proc/sys/vm; rm -f /run/memhp.stop /run/memhp.begun; { n=0; until [ -e /run/memhp.stop ]; do ' +
          ('echo 16 >nr_hugepages; echo 0 >nr_hugepages; n=$((n + 1)); echo >/run/memhp.begun; done; echo $n ' +
            '>/run/memhp.rounds; } </dev/null >/dev/null 2>&1 & until [ -e /run/memhp.begun ]; do :; done'),
      ),
    );
    for (const round of [1, 2, 3, 4, 5]) {
      const {errno} = await block.write('state', 'offline');
      t.oneOf(
        {errno, state: block.state, present: zone(guest.now, 'Movable').present},
        [
          {errno: 'none', state: 'offline', present: 0},
          {errno: 'EBUSY', state: 'online', present: pagesPerBlock(guest.now)},
        ],
        `error, state and present pages of zone Movable, attempt ${round}`,
        'the failure is temporary, and complete',
      );
      const again = await block.write('state', 'online_movable');
      t.is(
        {errno: again.errno, state: block.state, zones: block.validZones},
        {errno: errno === 'none' ? 'none' : 'EINVAL', state: 'online', zones: ['Movable']},
        `error, state and valid_zones before the next attempt, ${round}`,
        'EINVAL for a block that is online still, whatever the kind of online',
      );
    }
    const rounds = await guest.step('end the process', () =>
      guest.sh('touch /run/memhp.stop; until [ -s /run/memhp.rounds ]; do :; done; cat /run/memhp.rounds'),
    );
    t.atLeast(Number(rounds), 1, 'times that the pool was filled meanwhile', 'it ran');
    await block.offline();
    t.is(await hugePages(guest).state(), {total: 0, free: 0, surplus: 0}, 'the pool of huge pages afterwards');
  },
);
