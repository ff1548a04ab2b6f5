// What the guest's own udev rules do to plugged memory: by the files, by the effect, and by whom.
import {msToLastBlock, proveOnlining, watchOnlining} from '../lib/conformance/udev/attribution.ts';
import {compareWithout} from '../lib/conformance/udev/attribution-compared.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {
  digestOf,
  fateByPolicy,
  fateOf,
  fatesByRules,
  lintRules,
  memoryFiles,
  readEffect,
  readRules,
} from '../lib/conformance/udev/reading.ts';
import {endUdevd, installProfile, profileNamed, udevdNow} from '../lib/conformance/udev/rules.ts';
import {listen, told} from '../lib/conformance/udev/uevents.ts';

const POLICIES = ['offline', 'online', 'online_kernel', 'online_movable'] as const;

conformance(
  'udev/effect',
  {
    title: 'What becomes of a DIMM plugged into the untouched guest is what its rule files and its policy say',
    claims: ['udev/effect', 'udev/attribution'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl'],
  },
  async ({t, guest, untouched}) => {
    t.require(await udevdNow(guest), 'running', 'udevd');
    const reading = await readRules(guest);
    const policy = guest.now.policy ?? 'not readable';
    const blocks = await proveOnlining(
      {guest, untouched},
      () => guest.plugDimm({size: guest.inBlocks(4)}, {settle: true}),
      {rules: true},
    );
    t.fact('udev', {
      version: String(reading.systemd),
      policy,
      files: reading.found.length,
      digest: digestOf(reading.found),
      memoryFiles: memoryFiles(reading),
      findings: lintRules(reading).map(({id, level, file, line, col, message}) => ({
        id,
        level,
        place: `${file}:${line}:${col}`,
        message,
      })),
      read: [...readEffect(reading, policy).outcome],
      blocks,
      msToLastBlock: msToLastBlock(blocks),
    });
    for (const block of blocks) {
      t.oneOf(
        fateOf(block),
        fatesByRules(reading, policy, block.block),
        `who onlined ${block.block}, and where it is`,
        `${reading.files.length} rule files as udevd reads them, and auto_online_blocks ${policy}`,
      );
    }
  },
);

conformance(
  'udev/lint',
  {
    title: "The guest's own rule files have no error in them",
    claims: ['udev/lint'],
    needs: ['memory-hotplug', 'command:udevadm'],
  },
  async ({t, guest}) => {
    const reading = await readRules(guest);
    t.is(reading.files.length > 0, true, 'the guest has rule files');
    const errors = lintRules(reading).filter(({level}) => level === 'error');
    t.is(
      errors.map(({file, line, col, id, message}) => `${file}:${line}:${col} ${id}: ${message}`),
      [],
      'findings of level error',
      `${reading.files.length} files in force`,
    );
  },
);

conformance(
  'udev/attribution',
  {
    title:
      'Probes in the kernel, uevents, and the same plug without udevd agree on who onlines the untouched ' +
      "guest's memory",
    claims: ['udev/attribution'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest, untouched}) => {
    const heard = await listen(guest);
    const watch = await watchOnlining(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(4)}, {settle: true});
    const blocks = await watch.of(dimm);
    const uevents = told(await heard(), 'kernel');
    t.is(
      uevents.sort(),
      blocks.flatMap(({block, zone}) => [`add ${block}`, ...(zone === null ? [] : [`online ${block}`])]).sort(),
      'uevents of blocks that were added and went online',
      'one for each block, and one for each attempt that worked, as the probes tell it',
    );
    t.is(
      blocks.map(({attempts}) => attempts.filter(({result}) => result === 'online').length),
      blocks.map(({zone}) => (zone === null ? 0 : 1)),
      'attempts that worked, by block',
    );
    const compared = await compareWithout(guest, dimm, await untouched());
    t.is(
      compared.map(({block, attempts}) => `${block} ${attempts[0]?.by ?? 'nobody'}`),
      blocks.map(({block, attempts}) => `${block} ${attempts.find(({result}) => result === 'online')?.by ?? 'nobody'}`),
      'by comparison with a guest whose udevd is dead',
      'what the probes tell',
    );
  },
);

conformance(
  'udev/policies',
  {
    title:
      "With each policy, the untouched guest's blocks are onlined by those, and into the zones, that policy " +
      'and rules say',
    claims: ['udev/attribution', 'udev/effect'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    const reading = await readRules(guest);
    const watch = await watchOnlining(guest, {rules: true});
    for (const policy of POLICIES) {
      await guest.setPolicy(policy);
      const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true}));
      for (const block of blocks)
        t.oneOf(
          fateOf(block),
          fatesByRules(reading, policy, block.block),
          `${policy}: who onlined ${block.block}, and where it is`,
        );
    }
  },
);

conformance(
  'udev/policies-without-udevd',
  {
    title: "Where udevd is dead, the policy alone decides: its rule doesn't fire, and nobody else onlines",
    claims: ['udev/attribution'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await installProfile(guest, profileNamed('rhel-8'));
    await endUdevd(guest);
    t.is(await udevdNow(guest), 'dead', 'udevd');
    const watch = await watchOnlining(guest);
    for (const policy of POLICIES) {
      await guest.setPolicy(policy);
      const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(2)}));
      t.is(
        blocks.map(fateOf),
        blocks.map(() => fateByPolicy(policy)),
        `${policy}: who onlined the blocks, and where they are`,
      );
      t.is(
        blocks.map(({attempts}) => attempts.length),
        blocks.map(() => (policy === 'offline' ? 0 : 1)),
        `${policy}: attempts to online them`,
      );
    }
  },
);

conformance(
  'udev/respects-policy',
  {
    title: 'With auto_online_blocks offline, no rule of the untouched guest onlines plugged memory',
    claims: ['udev/respects-policy'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const watch = await watchOnlining(guest, {rules: true});
    const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true}));
    t.is(
      blocks.map(fateOf),
      blocks.map(() => 'nobody → offline'),
      'who onlined the blocks, and where they are',
      'auto_online_blocks is offline: a rule that onlines all the same takes the decision from the administrator',
    );
  },
);

conformance(
  'udev/respects-policy-reported',
  {
    title:
      'A rule that onlines although auto_online_blocks is offline is reported as that, by its effect and by its text',
    claims: ['udev/respects-policy', 'udev/lint'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await installProfile(guest, profileNamed('rhel-8'));
    const watch = await watchOnlining(guest, {rules: true});
    const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true}));
    t.is(
      blocks.map(fateOf),
      blocks.map(() => 'udev (/usr/lib/udev/rules.d/40-redhat.rules:8) → Normal'),
      'who onlined the blocks, and where they are',
      "RHEL's rule doesn't look at auto_online_blocks (redhat-plumbers/systemd-rhel8 issue 173)",
    );
    const found = lintRules(await readRules(guest)).filter(({id}) => id === 'memory/ignores-policy');
    t.is(
      found.map(({file, line, level}) => `${file}:${line} ${level}`),
      ['/usr/lib/udev/rules.d/40-redhat.rules:8 warning'],
      'what the lint says of the rule',
    );
  },
);
