// Dynamic logical partitioning (PAPR), by which guests of ppc64el hear of DIMMs and let them go.
import {autoMovable, COLUMNS, crosses, seenByPolicy, zonesOf} from '../lib/conformance/expected/auto-movable.ts';
import {autoMovableZone} from '../lib/conformance/expected/policy-ledger.ts';
import {setParameters} from '../lib/conformance/guest/parameters.ts';
import {handledByDlpar} from '../lib/conformance/guest/dlpar.ts';
import {plugUntaken} from '../lib/conformance/guest/probe.ts';
import {askToRemove} from '../lib/conformance/host/qemu.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {veto} from '../lib/conformance/workload/refused.ts';

const NEEDS: readonly Need[] = ['device:dimm', 'dlpar'];
const INJECT: readonly Need[] = ['kernel-config', 'config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT'];

/** Where the kernel has put blocks that it onlined by itself, by the policy that is in force. */
const ZONES = {offline: 'Normal', online: 'Normal', online_kernel: 'Normal', online_movable: 'Movable'} as const;

for (const policy of ['offline', 'online', 'online_kernel', 'online_movable'] as const) {
  conformance(
    `dlpar/policy-${policy.replace('_', '-')}`,
    {
      title: `Under policy ${policy} the blocks of a DIMM that DLPAR adds are online, in ${ZONES[policy]}`,
      claims: ['linux/auto/dlpar-ignores'],
      needs: NEEDS,
    },
    async ({t, guest}) => {
      await guest.setPolicy(policy);
      const dimm = await guest.plugAsItComes({size: guest.inBlocks(2)});
      t.is(
        dimm.blocks.map(({state, validZones}) => `${state} ${validZones.join(' ')}`),
        dimm.blocks.map(() => `online ${ZONES[policy]}`),
        'its blocks',
        policy === 'offline'
          ? 'dlpar_add_lmb() onlines what the policy has left offline, as plain online does'
          : 'the policy has onlined them when dlpar_add_lmb() comes to it',
      );
    },
  );
}

conformance(
  'dlpar/auto-movable-by-block',
  {
    title:
      'auto-movable judges each block of a DIMM by itself: one goes to ZONE_MOVABLE where the ratio holds one, the next ' +
      'to Normal, and that keeps no other from ZONE_MOVABLE',
    claims: ['linux/dlpar/no-memory-group', 'linux/policy/auto-movable'],
    needs: [...NEEDS, 'kernel>=5.15', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(3)});
    const ratio = await crosses(t, guest, dimm, 'for one block of three');
    const [low, middle] = dimm.blocks;
    await middle?.online('online');
    await low?.online('online');
    t.is(
      zonesOf(dimm),
      ['Normal', 'Movable', COLUMNS.Normal],
      'valid_zones after plain online of two blocks',
      `at ${ratio}% there is room for one block`,
    );
    await setParameters(guest, {auto_movable_ratio: 301});
    t.is(
      zonesOf(dimm),
      ['Normal', 'Movable', COLUMNS.Movable],
      'valid_zones at 301%',
      autoMovableZone(guest.now, seenByPolicy(guest, dimm), 301).because,
    );
  },
);

conformance(
  'dlpar/add-by-hand',
  {
    title:
      'Memory that DLPAR could not add at first is added when it is asked for at /sys/kernel/dlpar, and is online although ' +
      'auto_online_blocks is offline',
    claims: ['linux/auto/dlpar-ignores', 'linux/dlpar/online-fails'],
    needs: [...NEEDS, 'memory-hotremove', 'vmm:qemu', ...INJECT],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const {blocks} = guest.now;
    await plugUntaken(guest, 'dimm0');
    const {errno} = await guest.write('/sys/kernel/dlpar', 'memory add count 1');
    t.is(errno, 'none', 'error when a block is asked for', 'the DIMM is there, and nobody vetoes any more');
    t.is(
      guest.now.blocks.slice(blocks.length).map(({id, state}) => `memory${id} ${state}`),
      [`memory${guest.deviceBlock} online`],
      'the new blocks',
      'DLPAR onlines what it adds (arch/powerpc/platforms/pseries/hotplug-memory.c)',
    );
  },
);

conformance(
  'dlpar/unplug-not-added',
  {
    title: 'A DIMM that DLPAR could not add is taken out again when that is asked for',
    claims: ['linux/dlpar/unplug', 'linux/dlpar/online-fails', 'qemu/unplug/asynchronous'],
    needs: [...NEEDS, 'memory-hotremove', 'vmm:qemu', ...INJECT],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const {blocks} = guest.now;
    const {id} = await plugUntaken(guest, 'dimm0');
    await guest.step(`ask for ${id} back`, () => handledByDlpar(guest, () => askToRemove(guest, id)));
    t.is(
      guest.now.vmm.devices.map((device) => device.id),
      [],
      "QEMU's memory devices once the kernel has handled the request",
      'the guest has none of its memory, and gives its connector back',
    );
    t.is(guest.now.blocks.length, blocks.length, 'number of blocks', 'as before');
  },
);

/** QEMU's events of a DIMM that the guest keeps. */
const TOLD = ['MEM_UNPLUG_ERROR', 'DEVICE_UNPLUG_GUEST_ERROR'];

/** What is done to a DIMM's blocks before it is asked back. */
const STARTS = {
  online: {word: 'online_movable', what: 'online in ZONE_MOVABLE'},
  offline: {word: undefined, what: 'offline'},
} as const;

for (const [name, {word, what}] of Object.entries(STARTS)) {
  conformance(
    `dlpar/unplug-${name}`,
    {
      title: `A DIMM whose blocks are ${what} is removed on request: DLPAR offlines what is online, and all is as before`,
      claims: ['linux/dlpar/unplug', 'qemu/unplug/supported', 'qemu/unplug/asynchronous'],
      needs: [...NEEDS, 'memory-hotremove'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const before = guest.now;
      for (const round of ['first', 'second']) {
        const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
        if (word !== undefined) await dimm.online(word);
        const {statuses, events} = await dimm.unplug();
        t.is({statuses, events}, {statuses: [], events: ['DEVICE_DELETED']}, `the ${round} time: what QEMU told of it`);
        guest.expectUnchanged(before, `after plug and unplug, the ${round} time`);
      }
    },
  );
}

conformance(
  'dlpar/unplug-vetoed',
  {
    title:
      'A DIMM that a part of the kernel keeps from being offlined stays as it was, QEMU is told so, and it can be ' +
      'asked for again',
    claims: ['linux/dlpar/unplug-refused', 'qemu/unplug/asynchronous'],
    needs: [...NEEDS, 'memory-hotremove', 'vmm:qemu', ...INJECT],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
    await dimm.online('online_movable');
    const before = guest.now;
    await veto(guest, 'MEM_GOING_OFFLINE', 1);
    const {outcome, events} = await dimm.requestUnplug();
    t.is(outcome, 'refused', 'how the request ended', 'the kernel says that it could not remove it');
    t.is(events, TOLD, 'what QEMU told of it', 'the kernel sets the connector to "unisolate", by which QEMU knows');
    guest.expectUnchanged(before, 'after the unplug was vetoed');
    await veto(guest, 'MEM_GOING_OFFLINE', 0);
    const again = await guest.step(`ask for ${dimm.id} again`, async () => {
      let ended: string | undefined;
      const answer = await guest.tryQemu(async () => {
        ended = (await dimm.askForUnplug()).outcome;
      });
      return ended ?? `QEMU refuses: ${answer.words}`;
    });
    t.is(again, 'removed', 'how a second request ended', 'nobody vetoes any more');
  },
);

conformance(
  'dlpar/unplug-half-vetoed',
  {
    title:
      'A DIMM whose second half a part of the kernel keeps from being offlined stays: QEMU is told so, and it can be ' +
      'asked for again; its first half, which was offline, is online afterwards',
    claims: ['linux/dlpar/unplug-refused', 'qemu/unplug/asynchronous'],
    needs: [...NEEDS, 'memory-hotremove', ...INJECT],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const [, second] = dimm.blocks;
    await second?.online('online_movable');
    await veto(guest, 'MEM_GOING_OFFLINE', 1);
    const {outcome, events} = await dimm.requestUnplug();
    t.is({outcome, events}, {outcome: 'refused', events: TOLD}, 'how the request ended, and what QEMU told of it');
    t.is(
      dimm.blocks.map(({state}) => state),
      ['online', 'online'],
      'states of its blocks',
      'dlpar_add_lmb() puts the first one back, and onlines what it adds',
    );
    await veto(guest, 'MEM_GOING_OFFLINE', 0);
    await dimm.unplug();
  },
);

conformance(
  'dlpar/online-vetoed',
  {
    title:
      'Memory that DLPAR adds and that a part of the kernel keeps from being onlined is removed again: no block stays',
    claims: ['linux/dlpar/online-fails'],
    needs: [...NEEDS, 'memory-hotremove', ...INJECT],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const {blocks} = guest.now;
    await veto(guest, 'MEM_GOING_ONLINE', 1);
    const answer = await guest.step('plug dimm0, whose onlining is vetoed', () =>
      guest.plug({kind: 'dimm', id: 'dimm0', size: guest.inBlocks(2)}),
    );
    t.is(answer.taken, false, 'the kernel takes the DIMM', `it said: ${answer.words}`);
    t.is(
      guest.now.blocks.map(({id, state}) => `memory${id} ${state}`),
      blocks.map(({id, state}) => `memory${id} ${state}`),
      'memory blocks',
      'dlpar_add_lmb() removes a logical memory block that it could not online',
    );
  },
);
