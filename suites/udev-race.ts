// Two agents that online the same blocks, and how long one of them takes.
import {msToLastBlock, watchOnlining, whoOnlined} from '../lib/conformance/udev/attribution.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {fateByPolicy, fateOf} from '../lib/conformance/udev/reading.ts';
import {addRule, installProfile, pathOfRules, profileNamed, reloadUdev} from '../lib/conformance/udev/rules.ts';
import {endAgent, startAgent} from '../lib/conformance/udev/agent.ts';

/** Writes without looking at the state before. */
const blindly = (word: string): string => `SUBSYSTEM=="memory", ACTION=="add", ATTR{state}="${word}"`;

conformance(
  'udev/race',
  {
    title:
      'Where a rule and another process online the same blocks, each block is onlined once and is in the ' +
      'zone that the winner named',
    claims: ['udev/race', 'udev/attribution'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await addRule(guest, '/etc', '40-race.rules', blindly('online_kernel'));
    await reloadUdev(guest);
    await startAgent(guest, 'online_movable');
    const watch = await watchOnlining(guest, {rules: true});
    const dimm = await guest.plugDimm({size: guest.inBlocks(8)}, {settle: true});
    const blocks = await watch.of(dimm);
    await endAgent(guest);
    t.fact('race', whoOnlined(blocks, true));
    t.is(
      blocks.map(({attempts}) => attempts.filter(({result}) => result === 'online').length),
      blocks.map(() => 1),
      'attempts that worked, by block',
    );
    t.is(
      blocks
        .flatMap(({attempts}) => attempts.map(({result}) => result))
        .filter((result) => result !== 'online' && result !== 'too late'),
      [],
      'attempts that ended with an error',
      'who comes too late is told so, and nothing else happens',
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

conformance(
  'udev/race-two-rules',
  {
    title:
      'Where two rules online the same block, the first one in the order of their files decides, and both ' +
      'attempts are seen',
    claims: ['udev/race', 'udev/attribution'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await addRule(guest, '/etc', '60-second.rules', blindly('online'));
    await addRule(guest, '/etc', '40-first.rules', blindly('online_movable'));
    await reloadUdev(guest);
    const watch = await watchOnlining(guest, {rules: true});
    const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true}));
    t.is(
      blocks.map(({attempts}) => attempts.map(({by, rule, result}) => `${by} ${rule ?? '?'}: ${result}`)),
      blocks.map(() => [
        `udev ${pathOfRules('/etc', '40-first.rules')}:1: online`,
        `udev ${pathOfRules('/etc', '60-second.rules')}:1: too late`,
      ]),
      'attempts to online each block',
    );
    t.is(
      blocks.map(({zone}) => zone),
      blocks.map(() => 'Movable'),
      'zones of the blocks',
      "the first rule's word",
    );
  },
);

conformance(
  'udev/race-kernel',
  {
    title: 'Where the kernel onlines by itself, a rule for the same blocks comes too late, and changes no zone',
    claims: ['udev/race', 'udev/attribution'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_kernel');
    await addRule(guest, '/etc', '40-late.rules', blindly('online_movable'));
    await reloadUdev(guest);
    const watch = await watchOnlining(guest, {rules: true});
    const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(8)}, {settle: true}));
    t.is(
      blocks.map(fateOf),
      blocks.map(() => fateByPolicy('online_kernel')),
      'who onlined the blocks, and where they are',
      'the kernel holds the lock that a write to state waits for from before it makes the blocks until all are online',
    );
    t.is(
      blocks.map(({attempts}) => attempts.slice(1).map(({by, rule, result}) => `${by} ${rule ?? '?'}: ${result}`)),
      blocks.map(() => [`udev ${pathOfRules('/etc', '40-late.rules')}:1: too late`]),
      'what else was tried',
    );
  },
);

conformance(
  'udev/speed',
  {
    title: 'A DIMM of 1 GiB is online wholly, by a rule as by the kernel; how long it takes is told',
    claims: ['udev/speed'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await installProfile(guest, profileNamed('rhel-8'));
    const watch = await watchOnlining(guest); // without udevd's log, which takes it time
    for (const [policy, who, fact] of [
      ['offline', 'udev', 'msByRule'],
      ['online', 'kernel', 'msByKernel'],
    ] as const) {
      await guest.setPolicy(policy);
      const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(8)}, {settle: true}));
      t.is(whoOnlined(blocks, true), who, `${policy}: who onlined all of its blocks`);
      t.fact(fact, msToLastBlock(blocks));
      t.fact(
        `${fact}Each`,
        blocks
          .map(({createdMs, attempts}) => createdMs + (attempts.find(({result}) => result === 'online')?.ms ?? NaN))
          .map((ms) => Math.round(ms)),
      );
    }
  },
);
