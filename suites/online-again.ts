// Blocks that are onlined once more: to another zone, over and over, while online, and after a refusal.
import type {OnlineWord} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {allOf, errnosOf, veto} from '../lib/conformance/workload/refused.ts';

const WORDS: readonly OnlineWord[] = ['online', 'online_kernel', 'online_movable'];

conformance(
  'online/other-zone-next-time',
  {
    title: 'A block that was offlined can be onlined into another zone than before',
    claims: ['linux/online/kernel', 'linux/online/movable', 'linux/offline/state'],
    needs: ['device:dimm', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const block = guest.block(dimm.blockIds[0] ?? 0);
    await block.online('online_movable');
    t.is(block.validZones, ['Movable'], 'valid_zones after online_movable');
    await block.offline();
    await block.online('online_kernel');
    t.is(block.validZones, ['Normal'], 'valid_zones after offline and online_kernel');
    // The way back is no claim: as soon as a block is in a kernel zone, kernel memory in it may keep it online.
  },
);

conformance(
  'online/rounds',
  {
    title: 'Onlining and offlining can be repeated without drift',
    claims: ['linux/online/counted', 'linux/offline/hidden'],
    needs: ['device:dimm', 'memory-hotremove'],
  },
  async ({guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const offline = guest.now;
    await dimm.online('online_movable');
    const online = guest.now;
    for (const round of ['first', 'second', 'third']) {
      await dimm.offline();
      guest.expectUnchanged(offline, `offline after the ${round} round`);
      await dimm.online('online_movable');
      guest.expectUnchanged(online, `online after the ${round} round`);
    }
  },
);

conformance(
  'online/already-online',
  {
    title: 'An online block refuses every online word in state with EINVAL and takes 1 in online; nothing changes',
    claims: ['linux/online/failure-unchanged', 'linux/online/state', 'linux/online/file'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const block = guest.block(dimm.blockIds[0] ?? 0);
    await block.online('online_movable');
    const before = guest.now;
    const texts = WORDS.map((word) => `${word}\n`);
    t.is(
      await errnosOf(guest, `${block.name}/state`, texts),
      allOf(texts, 'EINVAL'),
      'errors of state',
      'device_online() returns 1 for a device that is online, and state_store() makes that EINVAL',
    );
    t.is(
      await errnosOf(guest, `${block.name}/online`, ['1\n']),
      {'"1\\n"': 'none'},
      'error of online',
      'online_store() has no error for a state already reached',
    );
    guest.expectUnchanged(before, 'after words for a state already reached');
  },
);

conformance(
  'online/vetoed',
  {
    title:
      'When a part of the kernel vetoes onlining, the write fails with its error and nothing changes; ' +
      'afterwards onlining works',
    claims: ['linux/online/failure-unchanged'],
    needs: ['device:dimm', 'kernel-config', 'config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const before = guest.now;
    const block = guest.block(dimm.blockIds[0] ?? 0);
    await veto(guest, 'MEM_GOING_ONLINE', 12);
    const texts = WORDS.map((word) => `${word}\n`);
    t.is(
      await errnosOf(guest, `${block.name}/state`, texts),
      allOf(texts, 'ENOMEM'),
      'errors of state',
      'the notifier answers MEM_GOING_ONLINE with -12',
    );
    t.is(await errnosOf(guest, `${block.name}/online`, ['1\n']), {'"1\\n"': 'ENOMEM'}, 'error of online', 'as above');
    guest.expectUnchanged(before, 'after vetoed onlining');
    await veto(guest, 'MEM_GOING_ONLINE', 0);
    await block.online('online_movable');
    t.is(block.validZones, ['Movable'], 'valid_zones after the veto has ended');
  },
);

conformance(
  'online/poisoned-page',
  {
    title: 'A block with a poisoned page goes offline but refuses to come online again with EHWPOISON',
    claims: ['linux/online/failure-unchanged', 'linux/offline/state'],
    needs: ['device:dimm', 'memory-hotremove', 'kernel-config', 'config:CONFIG_MEMORY_FAILURE', 'kernel>=6.2'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const [block, other] = dimm.blocks;
    if (!block || !other) return;
    await block.online('online_movable');
    const address = block.id * guest.blockSize + guest.blockSize / 2;
    t.is(
      (await guest.write('hard_offline_page', `0x${address.toString(16)}`)).errno,
      'none',
      'error when a page in the middle of the block is reported as broken',
    );
    t.is(guest.now.meminfo['HardwareCorrupted'], 4, 'HardwareCorrupted in kB', 'one page of 4 KiB');
    await block.offline();
    const before = guest.now;
    const texts = WORDS.map((word) => `${word}\n`);
    t.is(
      await errnosOf(guest, `${block.name}/state`, texts),
      allOf(texts, 'EHWPOISON'),
      'errors of state',
      'memory_block_online() refuses since 6.2',
    );
    guest.expectUnchanged(before, 'after refused onlining');
    await other.online('online_movable');
    t.is(other.validZones, ['Movable'], `valid_zones of ${other.name}, which has no poisoned page`);
  },
);
