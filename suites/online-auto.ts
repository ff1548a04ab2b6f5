import {conformance} from '../lib/conformance/runner/case.ts';
import {allOf, errnosOf, veto} from '../lib/conformance/workload/refused.ts';

/** Where the blocks of a DIMM land, by policy: `online` finds no zone that reaches the DIMM, and then takes Normal. */
const LANDING = {
  offline: {state: 'offline', validZones: ['Normal', 'Movable']},
  online: {state: 'online', validZones: ['Normal']},
  online_kernel: {state: 'online', validZones: ['Normal']},
  online_movable: {state: 'online', validZones: ['Movable']},
} as const;
type Policy = keyof typeof LANDING;
const POLICIES = Object.keys(LANDING) as Policy[];

for (const policy of POLICIES) {
  conformance(
    `online/auto-${policy.replace('_', '-')}`,
    {
      title:
        `With auto_online_blocks=${policy} every block of a DIMM comes up ` +
        `${LANDING[policy].state}${policy === 'offline' ? '' : `, in ${LANDING[policy].validZones.join(' ')}`}`,
      claims: ['linux/auto/policies', 'linux/auto/readable'],
      needs: ['device:dimm'],
    },
    async ({t, guest}) => {
      const before = guest.memTotal;
      await guest.setPolicy(policy);
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
      t.is(
        dimm.blocks.map(({state, validZones}) => ({state, validZones})),
        dimm.blocks.map(() => LANDING[policy]),
        "state and valid_zones of the DIMM's blocks",
        'as soon as the guest has answered the plug',
      );
      const grown = policy === 'offline' ? 0 : dimm.size / 1024;
      t.is(guest.memTotal, before + grown, 'MemTotal', `${before} kB before + ${grown} kB`);
    },
  );
}

conformance(
  'online/auto-bad-input',
  {
    title:
      'auto_online_blocks refuses every word that it does not know with EINVAL, whatever the policy, and ' +
      'keeps the policy',
    claims: ['linux/auto/policies', 'linux/offline/bad-input'],
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    const texts = [
      '\n',
      '0\n',
      '1\n',
      'Online\n',
      'OFFLINE\n',
      ' online\n',
      'online \n',
      'online\n\n',
      'offline online\n',
      'online_\n',
      'online_movabl\n',
      'online_movable_\n',
      'movable\n',
      'kernel\n',
      'auto\n',
      'going-offline\n',
    ];
    for (const policy of POLICIES) {
      await guest.setPolicy(policy);
      const before = guest.now;
      t.is(
        await errnosOf(guest, 'auto_online_blocks', texts),
        allOf(texts, 'EINVAL'),
        `errors while the policy is ${policy}`,
        'the four words, with at most one newline, are all it takes (sysfs_streq)',
      );
      guest.expectUnchanged(before, `after unknown words, with policy ${policy}`);
    }
  },
);

conformance(
  'online/auto-readable',
  {
    title: 'auto_online_blocks reads what was written to it, with or without a newline',
    claims: ['linux/auto/readable', 'linux/auto/policies'],
    needs: ['memory-hotplug'],
  },
  async ({t, guest}) => {
    for (const policy of [...POLICIES, ...POLICIES.toReversed()]) {
      t.is(
        await errnosOf(guest, 'auto_online_blocks', [policy]),
        allOf([policy], 'none'),
        `error when ${policy} is written without a newline`,
      );
      t.is(await guest.read('auto_online_blocks'), policy, `auto_online_blocks after ${policy}`);
    }
  },
);

conformance(
  'online/auto-only-later',
  {
    title: 'A change of auto_online_blocks affects only the memory that is plugged afterwards',
    claims: ['linux/auto/only-later'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    const states = (): string[] =>
      guest.now.blocks.filter(({id}) => id >= first).map(({state, validZones}) => `${state} ${validZones.join(' ')}`);
    await guest.setPolicy('offline');
    const early = await guest.plugDimm({size: guest.inBlocks(2)});
    const first = early.blockIds[0] ?? 0;
    await guest.setPolicy('online_movable');
    const off = 'offline Normal Movable';
    t.is(states(), [off, off], 'blocks plugged while the policy was offline, after it became online_movable');
    await guest.plugDimm({size: guest.inBlocks(2)});
    t.is(
      states(),
      [off, off, 'online Movable', 'online Movable'],
      'blocks of both DIMMs',
      'the second DIMM follows the new policy, the first one stays as it was',
    );
    await guest.setPolicy('online_kernel');
    await guest.plugDimm({size: guest.inBlocks(1)});
    await guest.setPolicy('offline');
    t.is(
      states(),
      [off, off, 'online Movable', 'online Movable', 'online Normal'],
      'blocks of all three DIMMs after the policy is offline again',
      'each DIMM has the policy of the moment when it was plugged',
    );
  },
);

conformance(
  'online/auto-no-retry',
  {
    title:
      'Where onlining plugged memory automatically fails, the DIMM is plugged and stays offline, also when ' +
      'the reason is gone',
    claims: ['linux/auto/no-retry', 'linux/acpi/plug'],
    needs: ['device:dimm', 'kernel-config', 'config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT', 'acpi'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    await veto(guest, 'MEM_GOING_ONLINE', 12);
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    t.is(
      dimm.blocks.map(({state}) => state),
      ['offline', 'offline'],
      'states of its blocks',
      'a part of the kernel vetoes onlining with ENOMEM; adding them worked',
    );
    const before = guest.now;
    await veto(guest, 'MEM_GOING_ONLINE', 0);
    const other = await guest.plugDimm({size: guest.inBlocks(1)});
    t.is(
      other.blocks.map(({state}) => state),
      ['online'],
      'state of a block plugged when the veto is over',
    );
    t.is(
      dimm.blocks.map(({state}) => state),
      before.blocks.filter(({id}) => dimm.blockIds.includes(id)).map(({state}) => state),
      "states of the first DIMM's blocks",
      'as before: nobody tries again',
    );
    await dimm.online('online_movable');
    t.is(
      dimm.blocks.map(({validZones}) => validZones.join(' ')),
      ['Movable', 'Movable'],
      'zones of its blocks, onlined by hand',
    );
  },
);
