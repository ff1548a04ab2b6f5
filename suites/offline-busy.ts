import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {populateFile, allocateMemory, type AllocatedMemory} from '../lib/conformance/workload/allocated.ts';
import {offlineWithTimeout, watchOffline} from '../lib/conformance/guest/waiting.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

/** Plugs two blocks and onlines the first one to ZONE_MOVABLE, where user space then gets its memory first. */
async function movableBlock(guest: CaseGuest): Promise<MemoryBlock> {
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
  const block = guest.block(dimm.blockIds[0] ?? 0);
  await block.online('online_movable');
  return block;
}

for (const [as, what] of [
  ['small', 'small pages of a process'],
  ['huge', 'huge pages of a process'],
  ['locked', 'pages that a process has locked'],
] as const) {
  conformance(
    `offline/migrates-${as}`,
    {
      title: `Offlining moves ${what} elsewhere, and none of their data is lost`,
      claims: ['linux/offline/migrates', 'linux/offline/state'],
      needs: [
        'device:dimm',
        'memory-hotremove',
        'command:perl',
        ...(as === 'huge' ? (['config:CONFIG_TRANSPARENT_HUGEPAGE'] as const) : []),
      ],
    },
    async ({t, guest}) => {
      const block = await movableBlock(guest);
      const allocated = await allocateMemory(guest, 16, as);
      t.require(
        await allocated.pagesIn(block),
        allocated.pages,
        'pages of the process in the block',
        '16 MiB of 4 KiB pages; user space is served from ZONE_MOVABLE first',
      );
      if (as === 'huge')
        t.require(
          await allocated.hugeKiB(),
          allocated.pages * 4,
          'kB of the process in huge pages',
          'all of its 16 MiB, which begin at a multiple of 2 MiB',
        );
      await block.offline();
      t.is(await allocated.pagesIn(block), 0, 'pages of the process in the block afterwards');
      t.is(
        await allocated.changedPages(),
        0,
        'pages that lost their content',
        `each of ${allocated.pages} pages has content of its own`,
      );
    },
  );
}

for (const [on, what] of [
  ['tmpfs', 'a file on a tmpfs'],
  ['disk', 'the page cache of a file on the disk'],
] as const) {
  conformance(
    `offline/migrates-${on}`,
    {
      title: `Offlining moves ${what} elsewhere, and it still reads the same`,
      claims: ['linux/offline/migrates', 'linux/offline/state'],
      needs: ['device:dimm', 'memory-hotremove', 'command:sha256sum'],
    },
    async ({t, guest}) => {
      const block = await movableBlock(guest);
      const free = zone(guest.now, 'Movable').free;
      const file = await populateFile(guest, 8, on);
      t.atLeast(
        free - zone(guest.now, 'Movable').free,
        file.pages,
        'pages of zone Movable in use since',
        `8 MiB of 4 KiB pages; user data is served from ZONE_MOVABLE first, and ${free} pages were free there`,
      );
      const digest = await file.digest();
      await block.offline();
      t.is(
        zone(guest.now, 'Movable').present,
        0,
        'present pages of zone Movable afterwards',
        'its only block is offline',
      );
      t.is(await file.digest(), digest, 'SHA-256 of the file afterwards', 'as before');
    },
  );
}

/** A block whose offlining goes on and on, because pages in it are referenced from a pipe. */
async function pinnedBlock(guest: CaseGuest): Promise<{block: MemoryBlock; allocated: AllocatedMemory}> {
  const block = await movableBlock(guest);
  const allocated = await allocateMemory(guest, 16, 'pinned');
  guest.checks.require(
    await allocated.pagesIn(block),
    allocated.pages,
    'pages of the process in the block',
    '16 MiB of 4 KiB pages; user space is served from ZONE_MOVABLE first',
  );
  return {block, allocated};
}

const SIGNALS = [
  {
    signal: 'ALRM',
    name: 'handled',
    errno: 'EINTR',
    status: 4,
    ends: 'interrupts the write with EINTR',
    because: "the program handles the signal and reports the write's error; perl ends with errno as its status",
  },
  {signal: 'KILL', name: 'kill', errno: 'killed', status: 128 + 9, ends: 'ends the program', because: '128 + SIGKILL'},
] as const;

for (const {signal, name, errno, status, ends, because} of SIGNALS) {
  conformance(
    `offline/abort-by-signal-${name}`,
    {
      title:
        `While a page can't be migrated the block is going-offline; SIG${signal} ${ends}, and the block ` +
        `is online as before`,
      claims: ['linux/offline/abort-by-signal', 'linux/offline/failure-unchanged', 'linux/state/values'],
      needs: ['device:dimm', 'memory-hotremove', 'command:perl'],
    },
    async ({t, guest}) => {
      const {block, allocated} = await pinnedBlock(guest);
      const before = guest.now;
      const expected = Object.fromEntries(
        before.blocks.map(({id, state}) => [`memory${id}`, id === block.id ? 'going-offline' : state]),
      );
      const ended = await watchOffline(
        guest,
        block,
        `offline ${block.name}, send SIG${signal} while it is going-offline`,
        (watch, pid) => watch.run(`kill -${signal} ${pid}`, guest.limits.shellMs),
      );
      t.require(
        ended.meanwhile ?? 'the write ended at once',
        expected,
        'states of the blocks meanwhile',
        'only the block that is being offlined has left its state',
      );
      t.is({errno: ended.errno, status: ended.status}, {errno, status}, 'how the write and its program ended', because);
      t.is(
        {state: block.state, online: await block.read('online')},
        {state: 'online', online: '1'},
        'state and online afterwards',
      );
      guest.expectUnchanged(before, 'after the aborted offlining');
      await allocated.release();
      await block.offline();
      t.is(
        zone(guest.now, 'Movable').present,
        0,
        'present pages of zone Movable once nobody pins its pages',
        'offlining works again',
      );
    },
  );
}

conformance(
  'offline/abort-by-timeout',
  {
    title: 'timeout ends an offlining that goes on and on: its status is 124, and the block is online as before',
    claims: ['linux/offline/abort-by-signal', 'linux/offline/failure-unchanged'],
    needs: ['device:dimm', 'memory-hotremove', 'command:perl', 'command:timeout'],
  },
  async ({t, guest}) => {
    const {block, allocated} = await pinnedBlock(guest);
    const before = guest.now;
    const ended = await offlineWithTimeout(guest, block, 3);
    t.is(ended.meanwhile?.[block.name] ?? 'the write ended at once', 'going-offline', 'state of the block meanwhile');
    t.is(ended.status, 124, 'exit status of timeout', '124: the time was up (timeout(1))');
    guest.expectUnchanged(before, 'after the aborted offlining');
    t.is(await allocated.changedPages(), 0, 'pages that lost their content');
  },
);

conformance(
  'offline/goes-on-when-unpinned',
  {
    title: 'Offlining that waits for a pinned page goes on by itself and works as soon as the page is free',
    claims: ['linux/offline/migrates', 'linux/state/values'],
    needs: ['device:dimm', 'memory-hotremove', 'command:perl'],
  },
  async ({t, guest}) => {
    const {block, allocated} = await pinnedBlock(guest);
    const ended = await watchOffline(
      guest,
      block,
      `offline ${block.name}, unpin its pages while it is going-offline`,
      (watch) => allocated.release(watch),
    );
    t.is(ended.meanwhile?.[block.name] ?? 'the write ended at once', 'going-offline', 'state of the block meanwhile');
    t.is(ended.errno, 'none', 'error of the write');
    t.is(
      {state: block.state, online: await block.read('online')},
      {state: 'offline', online: '0'},
      'state and online afterwards',
    );
  },
);
