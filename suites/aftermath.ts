// What a failed or refused operation leaves behind: nothing. Each is done three times, and then a normal life is
// compared with an untouched guest's.
import {compareAfterFailure, type Failure} from '../lib/conformance/after-failure/compare.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {allocateMemory} from '../lib/conformance/workload/allocated.ts';
import {fillKernelMemory} from '../lib/conformance/workload/load.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {deleteObject, plugAndHear, tryPlug, unplugDevice} from '../lib/conformance/host/qemu.ts';
import {allOf, errnosOf, veto} from '../lib/conformance/workload/refused.ts';
import {watchOffline} from '../lib/conformance/guest/waiting.ts';

const PROFILE = '/sys/firmware/acpi/hotplug/memory/enabled';

interface Row {
  readonly what: string;
  readonly claims: readonly string[];
  readonly needs?: readonly Need[];
  readonly failure: Failure;
}

const ROWS: Readonly<Record<string, Row>> = {
  'unknown-words': {
    what: "words that the files don't know",
    claims: ['linux/offline/bad-input', 'linux/offline/failure-unchanged', 'linux/online/failure-unchanged'],
    failure: async (guest) => {
      await (await guest.plugDimm({size: guest.inBlocks(2)})).blocks[0]?.online('online_movable');
      return async (t) => {
        for (const file of [
          `memory${guest.deviceBlock}/state`,
          `memory${guest.deviceBlock + 1}/state`,
          'auto_online_blocks',
        ])
          t.is(await errnosOf(guest, file, ['on\n', '7\n']), allOf(['on\n', '7\n'], 'EINVAL'), `errors of ${file}`);
      };
    },
  },
  'state-it-has': {
    what: 'writing the state that a block already has',
    claims: ['linux/offline/failure-unchanged', 'linux/online/failure-unchanged'],
    failure: async (guest) => {
      await (await guest.plugDimm({size: guest.inBlocks(2)})).blocks[0]?.online('online_movable');
      return async (t) => {
        t.is(
          (await guest.block(guest.deviceBlock).write('state', 'online_kernel')).errno,
          'EINVAL',
          'error when an online block is onlined to another zone',
        );
        t.is(
          (await guest.block(guest.deviceBlock + 1).write('state', 'offline')).errno,
          'EINVAL',
          'error when an offline block is offlined',
        );
      };
    },
  },
  'offline-of-mixed-zones': {
    what: 'offlining a block that several zones share',
    claims: ['linux/offline/failure-unchanged', 'linux/valid-zones/none'],
    needs: ['mixed-block'],
    failure: (guest) =>
      Promise.resolve(async (t) =>
        t.is((await guest.firstBlock.write('state', 'offline')).errno, 'EINVAL', 'error when memory0 is offlined'),
      ),
  },
  'offline-of-kernel-memory': {
    what: 'offlining a block with kernel memory in it',
    claims: ['linux/offline/failure-unchanged'],
    needs: ['zone-above-boot'],
    failure: async (guest) => {
      await (await guest.plugDimm({size: guest.inBlocks(1)})).online('online_kernel');
      await fillKernelMemory(guest);
      return async (t) =>
        t.is(
          (await guest.block(guest.deviceBlock).write('state', 'offline')).errno,
          'EBUSY',
          'error when it is offlined',
          "slab pages can't be isolated",
        );
    },
  },
  'offline-aborted': {
    what: "offlining that is aborted while a page can't be migrated",
    claims: ['linux/offline/abort-by-signal', 'linux/offline/failure-unchanged'],
    needs: ['command:perl'],
    failure: async (guest) => {
      await (await guest.plugDimm({size: guest.inBlocks(1)})).online('online_movable');
      const allocated = await allocateMemory(guest, 4, 'pinned');
      return async (t) => {
        const block = guest.block(guest.deviceBlock);
        const ended = await watchOffline(
          guest,
          block,
          `offline ${block.name}, kill the writer while it is going-offline`,
          (watch, pid) => watch.run(`kill -KILL ${pid}`, guest.limits.shellMs),
        );
        t.is(
          {errno: ended.errno, meanwhile: ended.meanwhile?.[block.name]},
          {errno: 'killed', meanwhile: 'going-offline'},
          'how the write ended, and state of the block meanwhile',
        );
        t.is(await allocated.changedPages(), 0, 'pages that lost their content');
      };
    },
  },
  'offline-vetoed': {
    what: 'offlining that a part of the kernel vetoes',
    claims: ['linux/offline/failure-unchanged'],
    needs: ['kernel-config', 'config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT'],
    failure: async (guest) => {
      await (await guest.plugDimm({size: guest.inBlocks(1)})).online('online_movable');
      return async (t) => {
        await veto(guest, 'MEM_GOING_OFFLINE', 16);
        t.is(
          (await guest.block(guest.deviceBlock).write('state', 'offline')).errno,
          'EBUSY',
          'error when the block is offlined',
          'the notifier answers with -16',
        );
        await veto(guest, 'MEM_GOING_OFFLINE', 0);
      };
    },
  },
  'online-vetoed': {
    what: 'onlining that a part of the kernel vetoes',
    claims: ['linux/online/failure-unchanged'],
    needs: ['kernel-config', 'config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT'],
    failure: async (guest) => {
      await guest.plugDimm({size: guest.inBlocks(1)});
      return async (t) => {
        await veto(guest, 'MEM_GOING_ONLINE', 12);
        for (const word of ['online', 'online_kernel', 'online_movable'])
          t.is(
            (await guest.block(guest.deviceBlock).write('state', word)).errno,
            'ENOMEM',
            `error when ${word} is written to state`,
            'the notifier answers with -12',
          );
        await veto(guest, 'MEM_GOING_ONLINE', 0);
      };
    },
  },
  'unplug-of-kernel-memory': {
    what: 'unplugging a DIMM with kernel memory in it',
    claims: ['linux/acpi/unplug-refused', 'qemu/unplug/asynchronous'],
    needs: ['acpi'],
    failure: async (guest) => {
      await (await guest.plugDimm({id: 'busy', size: guest.inBlocks(1)})).online('online_kernel');
      await fillKernelMemory(guest);
      return async (t) =>
        t.is(
          (await unplugDevice(guest, 'busy')).outcome,
          'refused',
          'how the request ended',
          "slab pages can't be isolated",
        );
    },
  },
  'unplug-disabled': {
    what: 'unplugging while ejecting is disabled',
    claims: ['linux/acpi/eject-disabled', 'linux/acpi/unplug-refused'],
    needs: ['acpi'],
    failure: async (guest) => {
      await (await guest.plugDimm({id: 'kept', size: guest.inBlocks(1)})).online('online_movable');
      return async (t) => {
        t.is((await guest.write(PROFILE, '0')).errno, 'none', 'error when ejecting is disabled');
        const {outcome, statuses} = await unplugDevice(guest, 'kept');
        t.is(
          {outcome, statuses},
          {outcome: 'refused', statuses: [128]},
          'how the request ended (_OST)',
          '128: ejection not supported',
        );
        t.is((await guest.write(PROFILE, '1')).errno, 'none', 'error when ejecting is enabled again');
      };
    },
  },
  'plug-unaligned': {
    what: 'plugging a DIMM that is no whole blocks',
    claims: ['linux/blocks/smallest-unit'],
    needs: ['acpi'], // by DLPAR QEMU takes none
    failure: (guest) =>
      Promise.resolve(async (t) => {
        await plugAndHear(guest, {id: 'odd', size: guest.inBlocks(1.5)});
        t.is(
          guest.now.blocks.filter(({id}) => id >= guest.deviceBlock).map(({id}) => id),
          [],
          'blocks of the DIMM',
          'one and a half blocks: nothing of it is added',
        );
        t.is((await unplugDevice(guest, 'odd')).outcome, 'removed', 'how the request to take it out ended');
        await deleteObject(guest, 'mem-odd');
      }),
  },
  'plug-refused': {
    what: 'DIMMs that QEMU refuses',
    claims: ['qemu/hotplug/two-commands', 'qemu/slots/first-empty'],
    failure: async (guest) => {
      await guest.plugDimm({id: 'there', size: guest.inBlocks(1)});
      return async (t) => {
        for (const spec of [{slot: 0}, {slot: 99}, {address: 4096}])
          t.is(
            (await tryPlug(guest, {id: 'extra', size: guest.inBlocks(1), ...spec})).accepted,
            false,
            `QEMU accepts a DIMM with ${JSON.stringify(spec)}`,
          );
      };
    },
  },
};

for (const [name, {what, claims, needs = [], failure}] of Object.entries(ROWS)) {
  conformance(
    `aftermath/${name}`,
    {
      title:
        `After ${what}, plugging, onlining, offlining and unplugging go exactly as on a guest where ` +
        `nothing failed`,
      claims,
      needs: ['device:dimm', 'memory-hotremove', 'vmm:qemu', 'config:CONFIG_MEMORY_ISOLATION', ...needs],
      seconds: 60,
    },
    async ({t, guest, untouched}) => {
      await compareAfterFailure(t, guest, untouched, async (one) => {
        await one.setPolicy('offline');
        return failure(one);
      });
    },
  );
}
