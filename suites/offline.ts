import {conformance} from '../lib/conformance/runner/case.ts';
import {fillKernelMemory} from '../lib/conformance/workload/load.ts';
import {writeErrno} from '../lib/conformance/guest/files.ts';
import {allOf, errnosOf, veto} from '../lib/conformance/workload/refused.ts';
import {bytesMissing, pagesPerBlock, zone} from '../lib/conformance/expected/zones.ts';

/** Ways to offline a block: the file, and what is written to it. */
const WAYS = {state: 'offline', file: '0'} as const;

for (const [name, word] of Object.entries(WAYS)) {
  const file = name === 'state' ? 'state' : 'online';
  conformance(
    `offline/${name}`,
    {
      title: `Writing ${word} to ${file} offlines a block, and only that one`,
      claims: [`linux/offline/${name}`, 'linux/state/values'],
      needs: ['device:dimm', 'memory-hotremove'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
      await dimm.online('online_movable');
      const [block, other] = dimm.blocks;
      t.is((await block?.write(file, word))?.errno, 'none', `error when ${word} is written to ${file}`);
      t.is(
        {state: block?.state, online: await block?.read('online')},
        {state: 'offline', online: '0'},
        'state and online of the block',
      );
      t.is(
        {state: other?.state, zones: other?.validZones},
        {state: 'online', zones: ['Movable']},
        'state and valid_zones of its neighbour',
      );
      t.is(
        zone(guest.now, 'Movable').present,
        pagesPerBlock(guest.now),
        'present pages of zone Movable',
        'one of two blocks is left',
      );
    },
  );
}

conformance(
  'offline/hidden',
  {
    title: 'Offlining takes memory out of the statistics again: everything reads as before it was onlined',
    claims: ['linux/offline/hidden'],
    needs: ['device:dimm', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const before = guest.now;
    const block = guest.block(dimm.blockIds[1] ?? 0);
    await block.online('online_movable');
    await block.offline();
    guest.expectUnchanged(before, 'after onlining and offlining');
    t.is(
      zone(guest.now, 'Movable'),
      {free: 0, present: 0, managed: 0},
      'free, present and managed pages of zone Movable',
      'the block was all of it',
    );
  },
);

conformance(
  'offline/already-offline',
  {
    title: 'An offline block refuses offline in state with EINVAL and takes 0 in online; nothing changes',
    claims: ['linux/offline/failure-unchanged', 'linux/offline/state', 'linux/offline/file'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const before = guest.now;
    const name = `memory${dimm.blockIds[0] ?? 0}`;
    t.is(
      await errnosOf(guest, `${name}/state`, ['offline\n']),
      allOf(['offline\n'], 'EINVAL'),
      'error of state',
      'device_offline() returns 1 for a device that is offline, and state_store() makes that EINVAL',
    );
    t.is(
      await errnosOf(guest, `${name}/online`, ['0\n']),
      allOf(['0\n'], 'none'),
      'error of online',
      'online_store() has no error for a state already reached',
    );
    guest.expectUnchanged(before, 'after words for a state already reached');
  },
);

/**
 * Texts that a file refuses whatever the block's state. `online` takes everything that begins like a boolean
 * (kstrtobool).
 */
const BAD = {
  state: [
    '\n',
    '0\n',
    '1\n',
    'on\n',
    'off\n',
    'Online\n',
    'OFFLINE\n',
    ' online\n',
    'online \n',
    'offline \n',
    'offline\n\n',
    'online_\n',
    'online_normal\n',
    'online_movable_\n',
    'movable\n',
    'going-offline\n',
    'going-online\n',
    `${'x'.repeat(300)}\n`,
  ],
  online: ['\n', '2\n', '9\n', ' 1\n', ' 0\n', '-1\n', '+1\n', 'o\n', 'ox\n', '?\n', 'maybe\n', 'x\n'],
} as const;

for (const [file, texts] of Object.entries(BAD)) {
  conformance(
    `offline/bad-input-${file}`,
    {
      title:
        `A block's ${file} refuses every text that it does not know with EINVAL, online or offline, and ` +
        `nothing changes`,
      claims: ['linux/offline/bad-input'],
      needs: ['device:dimm', 'memory-hotremove'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
      const block = guest.block(dimm.blockIds[0] ?? 0);
      for (const [word, state] of [
        ['online_movable', 'online'],
        ['offline', 'offline'],
      ] as const) {
        await block.write('state', word);
        t.require(block.state, state, `state after ${word}`);
        const before = guest.now;
        t.is(
          await errnosOf(guest, `${block.name}/${file}`, texts),
          allOf(texts, 'EINVAL'),
          `errors of ${file} while the block is ${state}`,
        );
        guest.expectUnchanged(before, `after texts that were refused, with the block ${state}`);
      }
      await block.online('online_movable');
      t.is(block.validZones, ['Movable'], 'valid_zones after online_movable', 'the refusals left nothing behind');
    },
  );
}

conformance(
  'offline/bad-input-elsewhere',
  {
    title:
      'Files that only read refuse to be opened for writing with EACCES, uevent refuses an unknown action with EINVAL',
    claims: ['linux/offline/bad-input'],
    needs: ['device:dimm', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await dimm.blocks[0]?.online('online_movable');
    const before = guest.now;
    for (const {name} of dimm.blocks) {
      for (const file of ['phys_device', 'phys_index', 'removable', 'valid_zones']) {
        t.is(
          await writeErrno(guest, `${name}/${file}`),
          'EACCES',
          `error when ${name}/${file} is written`,
          'mode 0444, and kernfs asks for the mode even of root',
        );
      }
      t.is(
        await errnosOf(guest, `${name}/uevent`, ['frobnicate\n']),
        allOf(['frobnicate\n'], 'EINVAL'),
        `error of ${name}/uevent`,
      );
    }
    t.is(await writeErrno(guest, 'block_size_bytes'), 'EACCES', 'error when block_size_bytes is written', 'mode 0444');
    guest.expectUnchanged(before, 'after writes that were refused');
  },
);

conformance(
  'offline/holes',
  {
    title: 'A block with a hole refuses to go offline with EINVAL; nothing changes',
    claims: ['linux/offline/failure-unchanged'],
    // q35's firmware leaves its tables at the end of RAM; holes of other boards: offline/ragged-end
    needs: ['memory-hotplug', 'memory-hotremove', 'arch:amd64'],
  },
  async ({t, guest}) => {
    const before = guest.now;
    const holes = before.blocks.filter(({id}) => bytesMissing(before, id) > 0);
    const last = holes.at(-1)?.id ?? 0;
    t.require(
      last,
      before.blocks.at(-1)?.id,
      'the last block of boot memory has a hole',
      `/proc/iomem: ${bytesMissing(before, last)} bytes of memory${last} are not System RAM (ACPI tables of ` +
        `the firmware)`,
    );
    t.is(
      (await guest.block(last).write('state', 'offline')).errno,
      'EINVAL',
      'error when offline is written to state',
      'offline_pages() refuses holes first',
    );
    t.is((await guest.block(last).write('online', '0')).errno, 'EINVAL', 'error when 0 is written to online');
    guest.expectUnchanged(before, 'after refused offlining');
  },
);

for (const [name, word] of Object.entries(WAYS)) {
  const file = name === 'state' ? 'state' : 'online';
  conformance(
    `offline/unmovable-${name}`,
    {
      title:
        `A block with kernel memory in it refuses ${word} in ${file} with EBUSY; nothing changes, and ` +
        `other blocks still work`,
      claims: ['linux/offline/failure-unchanged'],
      needs: ['device:dimm', 'memory-hotremove', 'zone-above-boot'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
      const [block, other] = dimm.blocks;
      await block?.online('online_kernel');
      await fillKernelMemory(guest);
      const before = guest.now;
      t.is(
        (await block?.write(file, word))?.errno,
        'EBUSY',
        `error when ${word} is written to ${file}`,
        "slab pages in Normal can't be isolated",
      );
      guest.expectUnchanged(before, 'after refused offlining');
      await other?.online('online_movable');
      await other?.offline();
      guest.expectUnchanged(before, 'after the other block was onlined and offlined');
    },
  );
}

conformance(
  'offline/vetoed',
  {
    title:
      'When a part of the kernel vetoes offlining, the write fails with its error and nothing changes; ' +
      'afterwards it works',
    claims: ['linux/offline/failure-unchanged'],
    needs: ['device:dimm', 'memory-hotremove', 'kernel-config', 'config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const block = guest.block(dimm.blockIds[0] ?? 0);
    await block.online('online_movable');
    const before = guest.now;
    for (const [errno, number] of [
      ['EBUSY', 16],
      ['ENOMEM', 12],
    ] as const) {
      await veto(guest, 'MEM_GOING_OFFLINE', number);
      t.is(
        (await block.write('state', 'offline')).errno,
        errno,
        `${errno}: error when offline is written to state`,
        `the notifier answers MEM_GOING_OFFLINE with -${number}`,
      );
      t.is((await block.write('online', '0')).errno, errno, `${errno}: error when 0 is written to online`, 'as above');
      guest.expectUnchanged(before, `after offlining was vetoed with ${errno}`);
    }
    await veto(guest, 'MEM_GOING_OFFLINE', 0);
    await block.offline();
    t.is(zone(guest.now, 'Movable').present, 0, 'present pages of zone Movable after the veto has ended');
  },
);
