// The suite aftermath, part four: what a DIMM does that was refused something, or in whose place another one was
// refused: at the same address and slot.
import {onlineAll, putBack, takeOut, writeTo} from '../lib/conformance/after-failure/acts.ts';
import {compareObject, type Act, type Prepare} from '../lib/conformance/after-failure/object.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Checks} from '../lib/conformance/verdict/checks.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {fillKernelMemory} from '../lib/conformance/workload/load.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {deleteBackend, ostMeaning, plugAndHear, tryPlug, unplugDevice} from '../lib/conformance/host/qemu.ts';
import {veto} from '../lib/conformance/workload/refused.ts';

const PROFILE = '/sys/firmware/acpi/hotplug/memory/enabled';
const INJECT: readonly Need[] = ['kernel-config', 'config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT'];
const IN_PROGRESS = 132;
const BUSY = 130;
const NOT_SUPPORTED = 128;
const ID = 'here';

/** The DIMM, of two blocks, where memory devices begin. */
const here = (guest: CaseGuest): Parameters<typeof putBack>[1] => ({
  id: ID,
  size: 2 * guest.blockSize,
  slot: 0,
  address: guest.board.deviceMemory,
});
/** Its blocks. */
const blocksHere = (guest: CaseGuest): [number, number] => [guest.deviceBlock, guest.deviceBlock + 1];

interface Row {
  /** What happened to it: `a DIMM …`. */
  readonly that: string;
  readonly claims: readonly string[];
  readonly needs?: readonly Need[];
  readonly prepare: Prepare;
}

/** The same, as it is plugged at first. */
const old = (guest: CaseGuest): {id: string; size: string; slot: number; address: number} => ({
  id: ID,
  size: guest.inBlocks(2),
  slot: 0,
  address: guest.board.deviceMemory,
});

/** In blocks, and behind where memory devices begin: QEMU takes these, and the guest refuses them. */
const UNALIGNED = {
  'smaller-than-a-block': {blocks: 0.5, behind: 0},
  'between-blocks': {blocks: 1.5, behind: 0},
  'inside-a-block': {blocks: 2, behind: 0.5},
};

/** It is plugged, onlined, unplugged and plugged again. */
const comeAndGo = (guest: CaseGuest): Act[] => [
  putBack(guest, here(guest)),
  ...onlineAll(guest, blocksHere(guest)),
  takeOut(guest, ID),
  putBack(guest, here(guest)),
];

/** Asks for the DIMM's removal, which the guest must refuse. */
async function refuseUnplug(t: Checks, dimm: Dimm, statuses: readonly number[]): Promise<void> {
  const ended = await dimm.requestUnplug();
  const seen = [ended.outcome, ...ended.statuses.map((status) => ostMeaning(status))];
  t.is(seen, ['refused', ...statuses.map((status) => ostMeaning(status))], 'how the request ended (_OST)');
}

const unaligned =
  ({blocks, behind}: {blocks: number; behind: number}): Prepare =>
  async (guest) => {
    await guest.setPolicy('offline');
    return {
      fail: async (t) => {
        const address = guest.board.deviceMemory + behind * guest.blockSize;
        await plugAndHear(guest, {id: ID, slot: 0, size: guest.inBlocks(blocks), address});
        const plugged = guest.now.blocks.map(({id}) => id).filter((id) => id >= guest.deviceBlock);
        t.is(plugged, [], 'blocks of the DIMM', 'it is no whole blocks: nothing of it is added');
        t.is((await unplugDevice(guest, ID)).outcome, 'removed', 'how the request to take it out ended');
        await deleteBackend(guest, ID);
      },
      life: comeAndGo(guest),
      blocks: blocksHere(guest),
    };
  };

const ROWS: Readonly<Record<string, Row>> = {
  'unplug-vetoed': {
    that: 'whose unplug a part of the kernel vetoed',
    claims: ['linux/acpi/unplug-refused', 'qemu/unplug/asynchronous'],
    needs: ['acpi', ...INJECT],
    prepare: async (guest) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm(old(guest));
      await dimm.online('online_movable');
      return {
        fail: async (t) => {
          await veto(guest, 'MEM_GOING_OFFLINE', 16);
          await refuseUnplug(t, dimm, [IN_PROGRESS, BUSY]);
          await veto(guest, 'MEM_GOING_OFFLINE', 0);
        },
        life: [takeOut(guest, ID), ...comeAndGo(guest)],
        blocks: dimm.blockIds,
      };
    },
  },
  'unplug-disabled': {
    that: 'whose unplug was refused while ejecting was disabled',
    claims: ['linux/acpi/eject-disabled', 'linux/acpi/unplug-refused'],
    needs: ['acpi'],
    prepare: async (guest) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm(old(guest));
      await dimm.blocks[1]?.online('online_movable');
      return {
        fail: async (t) => {
          t.is((await guest.write(PROFILE, '0')).errno, 'none', 'error when ejecting is disabled');
          await refuseUnplug(t, dimm, [NOT_SUPPORTED]);
          t.is((await guest.write(PROFILE, '1')).errno, 'none', 'error when ejecting is enabled again');
        },
        life: [
          writeTo(guest, guest.deviceBlock, 'state', 'online_movable'),
          writeTo(guest, guest.deviceBlock + 1, 'online', '0'),
          takeOut(guest, ID),
          ...comeAndGo(guest),
        ],
        blocks: dimm.blockIds,
      };
    },
  },
  'unplug-busy': {
    that: 'whose unplug was refused because of kernel memory',
    claims: ['linux/acpi/unplug-refused', 'linux/online/file'],
    needs: ['acpi'],
    prepare: async (guest) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({...old(guest), size: guest.inBlocks(3)});
      await dimm.blocks[0]?.online('online_kernel');
      await fillKernelMemory(guest);
      const [kernel = 0, middle = 0, last = 0] = dimm.blockIds;
      return {
        fail: (t) => refuseUnplug(t, dimm, [IN_PROGRESS, BUSY]),
        life: [
          writeTo(guest, kernel, 'online', '1'),
          writeTo(guest, kernel, 'online', '0'),
          writeTo(guest, last, 'state', 'online_movable'),
          writeTo(guest, last, 'online', '0'),
          writeTo(guest, last, 'online', '1'),
          writeTo(guest, middle, 'online', '1'),
          takeOut(guest, ID),
        ],
        blocks: dimm.blockIds,
      };
    },
  },
  'not-onlined': {
    that: "whose blocks couldn't be onlined when it was plugged",
    claims: ['linux/auto/no-retry', 'linux/online/file'],
    needs: ['onlining-policy', ...INJECT],
    prepare: async (guest) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm(old(guest));
      return {
        fail: async (t) => {
          await takeOut(guest, ID).run();
          await guest.setPolicy('online_movable');
          await veto(guest, 'MEM_GOING_ONLINE', 12);
          const states = await putBack(guest, here(guest)).run();
          t.is(states, 'offline offline', 'states of its blocks, plugged by online_movable', 'the notifier vetoes');
          await veto(guest, 'MEM_GOING_ONLINE', 0);
          await guest.setPolicy('offline');
        },
        life: [
          writeTo(guest, guest.deviceBlock, 'online', '1'),
          writeTo(guest, guest.deviceBlock + 1, 'state', 'online'),
        ],
        blocks: dimm.blockIds,
      };
    },
  },
  'refused-by-qemu': {
    that: "that QEMU refused, for a slot and for an address that can't be",
    claims: ['qemu/hotplug/two-commands', 'qemu/slots/first-empty', 'qemu/errors'],
    prepare: async (guest) => {
      await guest.setPolicy('offline');
      return {
        fail: async (t) => {
          for (const wrong of [{slot: 99}, {address: 4096}, {node: 7}]) {
            const {accepted} = await tryPlug(guest, {id: ID, size: guest.inBlocks(2), ...wrong});
            t.is(accepted, false, `QEMU accepts it with ${JSON.stringify(wrong)}`);
          }
        },
        life: comeAndGo(guest),
        blocks: blocksHere(guest),
      };
    },
  },
  ...Object.fromEntries(
    Object.entries(UNALIGNED).map(([name, spec]) => [
      `unaligned-${name}`,
      {
        that: `in whose place one was before that is no whole blocks: ${name.replaceAll('-', ' ')}`,
        claims: ['linux/blocks/smallest-unit', 'linux/remove/blocks-gone'],
        needs: ['acpi'],
        prepare: unaligned(spec),
      },
    ]),
  ),
};

for (const [name, {that, claims, needs = [], prepare}] of Object.entries(ROWS)) {
  conformance(
    `aftermath/dimm-${name}`,
    {
      title: `A DIMM ${that} goes on as one on a guest where nothing was refused, at the same address and slot`,
      claims,
      needs: ['device:dimm', 'memory-hotremove', 'config:CONFIG_MEMORY_ISOLATION', ...needs, 'vmm:qemu'],
      seconds: 60,
    },
    ({t, guest, untouched}) => compareObject(t, guest, untouched, prepare),
  );
}
