// What the checks of udev must see: each situation is made in the guest, and told by its name.
import {watchOnlining, whoOnlined} from '../lib/conformance/udev/attribution.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {AGENT, endAgent, startAgent} from '../lib/conformance/udev/agent.ts';
import {fateOf, fatesByRules, lintRules, readRules} from '../lib/conformance/udev/reading.ts';
import {
  addRule,
  endUdevd,
  freezeUdevd,
  installProfile,
  pathOfRules,
  profileNamed,
  reloadUdev,
  swapRule,
  thawUdevd,
  udevdNow,
} from '../lib/conformance/udev/rules.ts';

conformance(
  'udev/seen-swapped',
  {
    title:
      'A rule file that says the opposite of what udevd has read is seen: the effect is that of the old ' +
      'text, the reading that of the new one',
    claims: ['udev/effect', 'udev/attribution'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await addRule(
      guest,
      '/etc',
      '40-swapped.rules',
      'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}="online_movable"',
    );
    await reloadUdev(guest);
    await swapRule(guest, '/etc', '40-swapped.rules', 'online_movable', 'online_kernel" ');
    const watch = await watchOnlining(guest, {rules: true});
    const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true}));
    const reading = await readRules(guest);
    const rule = `${pathOfRules('/etc', '40-swapped.rules')}:1`;
    t.is(
      blocks.map(fateOf),
      blocks.map(() => `udev (${rule}) → Movable`),
      'who onlined the blocks, and where they are',
      'the rule that udevd has read says online_movable',
    );
    t.is(
      blocks.map(({block}) => fatesByRules(reading, 'offline', block)),
      blocks.map(() => [`udev (${rule}) → Normal`]),
      'what the file says now',
      'it was changed in its place, as long as before and with its old time, so that udevd takes it for the same',
    );
  },
);

conformance(
  'udev/seen-half',
  {
    title:
      'A rule that fires for half of the blocks is seen: by the effect, by our reading of the file, and by the lint',
    claims: ['udev/effect', 'udev/attribution', 'udev/lint'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await addRule(
      guest,
      '/etc',
      '40-half.rules',
      'SUBSYSTEM=="memory", ACTION=="add", KERNEL=="memory*[02468]", ATTR{state}=="offline", ' +
        'ATTR{state}="online_movable"',
    );
    await reloadUdev(guest);
    const watch = await watchOnlining(guest, {rules: true});
    const dimm = await guest.plugDimm({size: guest.inBlocks(4)}, {settle: true});
    const blocks = await watch.of(dimm);
    const reading = await readRules(guest);
    const rule = `${pathOfRules('/etc', '40-half.rules')}:1`;
    const wanted = dimm.blockIds.map((id) => (id % 2 === 0 ? `udev (${rule}) → Movable` : 'nobody → offline'));
    t.is(blocks.map(fateOf), wanted, 'who onlined the blocks, and where they are', 'the rule is for even numbers');
    t.is(
      blocks.map(({block}) => fatesByRules(reading, 'offline', block)),
      wanted.map((one) => [one]),
      'what our reading of the file says',
    );
    t.is(whoOnlined(blocks), `udev (${rule}): 2 of 4 blocks, nobody: 2 of 4 blocks`, 'who onlined the DIMM, in words');
    t.is(
      lintRules(reading)
        .filter(({id}) => id === 'memory/some-blocks')
        .map(({file, line}) => `${file}:${line}`),
      [rule],
      'rules that the lint says this of',
    );
  },
);

conformance(
  'udev/seen-second-process',
  {
    title: "A process that onlines before the rule is named, and the rule's attempt that came too late is seen",
    claims: ['udev/race', 'udev/attribution'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const wait = 'PROGRAM="/bin/sh -c \'until grep -q online /sys/%p/state; do :; done\'"';
    await addRule(
      guest,
      '/etc',
      '40-second.rules',
      `SUBSYSTEM=="memory", ACTION=="add", ${wait}, ATTR{state}="online_kernel"`,
    );
    await reloadUdev(guest);
    await startAgent(guest, 'online_movable');
    const watch = await watchOnlining(guest, {rules: true});
    const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true}));
    await endAgent(guest);
    t.is(
      blocks.map(fateOf),
      blocks.map(() => `process ${AGENT} → Movable`),
      'who onlined the blocks, and where they are',
      'the rule waits until somebody else has done it',
    );
    t.is(
      blocks.map(({attempts}) => attempts.slice(1).map(({by, rule, result}) => `${by} ${rule ?? '?'}: ${result}`)),
      blocks.map(() => [`udev ${pathOfRules('/etc', '40-second.rules')}:1: too late`]),
      'what else was tried',
    );
  },
);

conformance(
  'udev/seen-dead',
  {
    title:
      "A dead udevd is told from a rule that doesn't fire: the rule says online, nobody tries, and there is no udevd",
    claims: ['udev/attribution', 'udev/effect'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await installProfile(guest, profileNamed('rhel-8'));
    await endUdevd(guest);
    const watch = await watchOnlining(guest);
    const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(2)}));
    const reading = await readRules(guest);
    t.is(await udevdNow(guest), 'dead', 'udevd');
    t.is(
      blocks.map(fateOf),
      blocks.map(() => 'nobody → offline'),
      'who onlined the blocks, and where they are',
    );
    t.is(
      blocks.map(({block}) => fatesByRules(reading, 'offline', block)),
      blocks.map(() => ['udev (/usr/lib/udev/rules.d/40-redhat.rules:8) → Normal']),
      'what the rule files say',
    );
  },
);

conformance(
  'udev/seen-stopped',
  {
    title: 'A udevd that is stopped onlines nothing and is told from a dead one; when it goes on the rule fires, late',
    claims: ['udev/attribution', 'udev/effect'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await installProfile(guest, profileNamed('rhel-8'));
    const watch = await watchOnlining(guest, {rules: true});
    await freezeUdevd(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    t.is(await udevdNow(guest), 'stopped', 'udevd');
    t.is(
      dimm.blocks.map(({state}) => state),
      ['offline', 'offline'],
      'states of the blocks meanwhile',
    );
    await guest.step('let udevd go on', () => thawUdevd(guest));
    t.is(await udevdNow(guest), 'running', 'udevd afterwards');
    const blocks = await watch.of(dimm);
    t.is(
      blocks.map(fateOf),
      blocks.map(() => 'udev (/usr/lib/udev/rules.d/40-redhat.rules:8) → Normal'),
      'who onlined the blocks in the end, and where they are',
    );
  },
);
