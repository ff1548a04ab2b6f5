// Blocks that somebody writes to while they are taken away, and new ones that several want to online first.
import {watchOnlining} from '../lib/conformance/udev/attribution.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {afterwards} from '../lib/conformance/races/afterwards.ts';
import {errorsIn, hammeredUnplug} from '../lib/conformance/races/hammer.ts';
import {ostMeaning} from '../lib/conformance/host/qemu.ts';
import {endAgent, startAgent} from '../lib/conformance/udev/agent.ts';
import {fateByPolicy, fateOf} from '../lib/conformance/udev/reading.ts';
import {addRule, reloadUdev} from '../lib/conformance/udev/rules.ts';

const NEEDS = ['device:dimm', 'memory-hotremove', 'command:perl'] as const;
const UDEV = ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'] as const;
const ROUNDS = [1, 2, 3];
/** EINVAL: it is so already. ENODEV, ENOENT: the block has gone, while the file was open or before that. */
const ALLOWED = ['EINVAL', 'ENODEV', 'ENOENT'];

/** What is written while the DIMM is asked for. */
const ROWS = {
  online: {words: ['online_movable'], writers: 2, cpus: 'two'},
  'online-and-offline': {words: ['online_movable', 'offline'], writers: 2, cpus: 'two'},
  many: {words: ['online_movable', 'offline'], writers: 5, cpus: 'four'},
} as const;

for (const [id, {words, writers, cpus}] of Object.entries(ROWS)) {
  conformance(
    `races/unplug-against-${id}`,
    {
      title:
        `A DIMM goes when it is asked for, though ${writers} processes write ${words.join(' and ')} to its ` +
        'blocks all the time; each is told that a block is so already or that it has gone',
      claims: ['linux/locking/removal', 'linux/locking/one-at-a-time', 'linux/remove/blocks-gone', 'linux/acpi/unplug'],
      needs: [...NEEDS, 'acpi'],
      machine: `q35-${cpus}-cpus`,
      seconds: 90,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const before = guest.now;
      for (const seed of ROUNDS) {
        const dimm = await guest.plugDimm({size: guest.inBlocks(4)});
        const {
          unplug: {outcome, statuses},
          answers,
        } = await hammeredUnplug(guest, dimm, {seed, writers, words});
        t.is(
          {outcome, statuses: statuses.map((status) => ostMeaning(status))},
          {outcome: 'removed', statuses: ['132 (ejection in progress)', '0 (success)']},
          `how the request ended, seed ${seed}`,
          'the ACPI driver offlines all of the blocks and removes them under one lock, so nobody onlines one in ' +
            'between (acpi_device_hotplug() of drivers/acpi/scan.c); all of it is in Movable',
        );
        t.fact(`answers, seed ${seed}`, answers);
        t.is(
          errorsIn(answers).filter((errno) => !ALLOWED.includes(errno)),
          [],
          `errors of the writers other than ${ALLOWED.join(', ')}, seed ${seed}`,
          'who waits for the lock is sent back to user space and comes again, to a file that has gone meanwhile ' +
            '(restart_syscall())',
        );
        t.is(
          errorsIn(answers).includes('EINVAL'),
          true,
          `some writers came too late for another one, seed ${seed}`,
          'each writes what the other ones write as well',
        );
        guest.expectUnchanged(before, `without the DIMM, seed ${seed}`);
      }
      await afterwards(t, guest);
    },
  );
}

conformance(
  'races/udev-against-policy',
  {
    title: 'On two CPUs, too, a rule for blocks that the kernel onlines by itself comes too late, and changes no zone',
    claims: ['linux/locking/auto-online', 'udev/race'],
    needs: UDEV,
    machine: 'q35-two-cpus',
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    await addRule(guest, '/etc', '40-late.rules', 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}="online_kernel"');
    await reloadUdev(guest);
    const watch = await watchOnlining(guest);
    for (const round of ROUNDS) {
      const dimm = await guest.plugDimm({size: guest.inBlocks(4)}, {settle: true});
      const blocks = await watch.of(dimm);
      t.is(
        blocks.map(fateOf),
        blocks.map(() => fateByPolicy('online_movable')),
        `who onlined the blocks, and where they are, round ${round}`,
        'the kernel holds the lock that a write to state waits for from before it makes the blocks until ' +
          'all are online',
      );
      t.is(
        blocks
          .flatMap(({attempts}) => attempts.slice(1).map(({result}) => result))
          .filter((result) => result !== 'too late'),
        [],
        `what the rule's attempts came to, if not too late, round ${round}`,
      );
    }
  },
);

conformance(
  'races/udev-against-agent',
  {
    title:
      'On two CPUs, too, a block that a rule and another process online is onlined once, and is in the zone ' +
      'that the first of them named',
    claims: ['linux/locking/one-at-a-time', 'udev/race'],
    needs: UDEV,
    machine: 'q35-two-cpus',
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await addRule(guest, '/etc', '40-race.rules', 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}="online_kernel"');
    await reloadUdev(guest);
    await startAgent(guest, 'online_movable');
    const watch = await watchOnlining(guest);
    const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(8)}, {settle: true}));
    await endAgent(guest);
    const results = blocks.map(({attempts}) => attempts.map(({result}) => result));
    t.is(
      results.map((of) => of.filter((result) => result === 'online').length),
      blocks.map(() => 1),
      'attempts that worked, by block',
    );
    t.is(
      results.flat().filter((result) => result !== 'online' && result !== 'too late'),
      [],
      'attempts that ended with an error',
    );
    t.is(
      blocks.map(({zone}) => zone),
      blocks.map(({attempts}) =>
        attempts.find(({result}) => result === 'online')?.by === 'udev' ? 'Normal' : 'Movable',
      ),
      'zones of the blocks',
      'the rule writes online_kernel, the process online_movable',
    );
  },
);
