// Two and more writers at the same time on a machine of several CPUs: what they come to is what some order of them
// would.
import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Checks} from '../lib/conformance/verdict/checks.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {calmKhugepaged} from '../lib/conformance/workload/quiet.ts';
import {afterwards} from '../lib/conformance/races/afterwards.ts';
import {raceWrites, roundsThatMet, unexplained, type Outcome, type Write} from '../lib/conformance/races/race.ts';

const NEEDS = ['device:dimm', 'memory-hotremove', 'command:perl'] as const;
const ROUNDS = 30;

const state = (word: string): Write => ({file: 'state', word});
const online = (word: string): Write => ({file: 'online', word});

/**
 * A block in Movable between two others: within the zone's span plain `online` puts it there again, where nothing gets
 * into it that can't be moved (contig-zones, default_zone_for_pfn() of mm/memory_hotplug.c).
 */
async function blockBetween(guest: CaseGuest): Promise<{dimm: Dimm; block: MemoryBlock}> {
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({size: guest.inBlocks(3)});
  await dimm.online('online_movable');
  return {dimm, block: guest.block((dimm.blockIds[0] ?? 0) + 1)};
}

/** What must hold of every race; `plain` is the zone of a plain online. */
function judge(t: Checks, outcomes: readonly Outcome[], plain: string): void {
  t.is(
    unexplained(outcomes, plain),
    [],
    'rounds that no order of their writes explains',
    'all of them take one lock (device_hotplug_lock); who finds it taken tries again, and nobody is told of that ' +
      '(lock_device_hotplug_sysfs() of drivers/base/core.c)',
  );
  t.atLeast(
    roundsThatMet(outcomes),
    1,
    'rounds in which writes met',
    'one began before another one had ended: else nothing has raced',
  );
}

/** Writers at the same time on one block, ROUNDS times. It is online in Movable at first. */
const ROWS = {
  'same-word': {
    title:
      'Of two who write the same word to a block at the same time exactly one onlines or offlines it; the ' +
      'other one gets EINVAL',
    writes: [
      [state('offline'), state('offline')],
      [state('online_movable'), state('online_movable')],
    ],
    machine: 'q35-two-cpus',
  },
  'same-value': {
    title: "Two who write the same value to a block's online file at the same time are both told that it is so",
    writes: [
      [online('0'), online('0')],
      [online('1'), online('1')],
    ],
    machine: 'q35-two-cpus',
  },
  'online-against-offline': {
    title:
      'When one onlines a block while another one offlines it, it ends as the last one of them left it, and ' +
      'the first one is told whether the block was so already',
    writes: [[state('online_movable'), state('offline')]],
    machine: 'q35-two-cpus',
  },
  'two-files': {
    title:
      "Who writes to a block's state and who writes to its online file at the same time wait for each other; " +
      'only state refuses what is so already',
    writes: [
      [state('online'), online('0')],
      [state('offline'), online('1')],
      [state('online'), online('1')],
      [state('offline'), online('0')],
    ],
    machine: 'q35-two-cpus',
  },
  'many-writers': {
    title: 'Six writers on four CPUs, to both files of a block, come one after the other, whatever their order',
    writes: [
      [state('online'), state('offline'), online('1'), online('0'), state('online'), state('offline')],
      [online('0'), online('0'), state('offline'), state('offline'), online('1'), state('online')],
    ],
    machine: 'q35-four-cpus',
  },
} as const;

for (const [id, {title, writes, machine}] of Object.entries(ROWS)) {
  conformance(
    `races/${id}`,
    {
      title,
      claims: ['linux/locking/one-at-a-time', 'linux/locking/state-and-online'],
      needs: NEEDS,
      machine,
      seconds: 60,
    },
    async ({t, guest}) => {
      const {dimm, block} = await blockBetween(guest);
      judge(
        t,
        await raceWrites(guest, {seed: 1, blocks: Array.from({length: ROUNDS}, () => block), writes}),
        'Movable',
      );
      if (block.state === 'online') await block.offline();
      await block.online('online_movable');
      t.is(block.validZones, ['Movable'], 'valid_zones once it is onlined by one alone');
      await dimm.unplug();
      await afterwards(t, guest);
    },
  );
}

conformance(
  'races/two-zones',
  {
    title:
      'Of two who online a block to different zones at the same time exactly one does, and the block is in the ' +
      'zone that this one named',
    claims: [
      'linux/locking/one-at-a-time',
      'linux/locking/state-and-online',
      'linux/online/movable',
      'linux/online/kernel',
    ],
    needs: NEEDS,
    machine: 'q35-two-cpus',
    seconds: 60,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    // A block for each round: what the kernel has put into one in Normal stays there.
    const {blocks} = await guest.plugDimm({size: guest.inBlocks(24)});
    const outcomes = await raceWrites(guest, {
      seed: 2,
      blocks,
      writes: [[state('online_kernel'), state('online_movable')]],
    });
    judge(t, outcomes, 'Normal');
    t.is(
      outcomes.map(({made}) =>
        made
          .map(({errno}) => errno)
          .sort()
          .join(' '),
      ),
      outcomes.map(() => 'EINVAL none'),
      'how both writes ended, round by round',
      'the later one finds an online block',
    );
    t.is(
      blocks.map(({state: now, validZones}) => `${now} ${validZones.join(' ')}`),
      outcomes.map(
        ({made}) =>
          `online ${made.find(({errno}) => errno === 'none')?.word === 'online_kernel' ? 'Normal' : 'Movable'}`,
      ),
      'states and zones of the blocks',
      'the zone that the accepted word names',
    );
    await afterwards(t, guest);
  },
);
