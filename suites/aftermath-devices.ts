// The suite aftermath, part four: what a DIMM does that was refused something, or in whose place another one was
// refused: at the same address and slot.
import {MiB, GiB} from '../lib/conformance/expected/units.ts';
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
const FIRST = 32; // the first DIMM begins at 4 GiB, in blocks of 128 MiB
const HERE = {id: 'here', size: 256 * MiB, slot: 0, address: 4 * GiB};

interface Row {
  /** What happened to it: `a DIMM …`. */
  readonly that: string;
  readonly claims: readonly string[];
  readonly needs?: readonly Need[];
  readonly prepare: Prepare;
}

const OLD = {id: HERE.id, size: '256M', slot: HERE.slot, address: HERE.address};

/** QEMU takes these, because they are aligned to 2 MiB, and the guest refuses them. */
const UNALIGNED = {
  'smaller-than-a-block': {size: '64M', address: 4 * GiB},
  'between-blocks': {size: '192M', address: 4 * GiB},
  'inside-a-block': {size: '256M', address: 4 * GiB + 64 * MiB},
};

/** It is plugged, onlined, unplugged and plugged again. */
const comeAndGo = (guest: CaseGuest): Act[] => [
  putBack(guest, HERE),
  ...onlineAll(guest, [FIRST, FIRST + 1]),
  takeOut(guest, HERE.id),
  putBack(guest, HERE),
];

/** Asks for the DIMM's removal, which the guest must refuse. */
async function refuseUnplug(t: Checks, dimm: Dimm, statuses: readonly number[]): Promise<void> {
  const ended = await dimm.requestUnplug();
  const seen = [ended.outcome, ...ended.statuses.map((status) => ostMeaning(status))];
  t.is(seen, ['refused', ...statuses.map((status) => ostMeaning(status))], 'how the request ended (_OST)');
}

const unaligned =
  (spec: {size: string; address: number}): Prepare =>
  async (guest) => {
    await guest.setPolicy('offline');
    return {
      fail: async (t) => {
        await plugAndHear(guest, {id: HERE.id, slot: 0, ...spec});
        const plugged = guest.now.blocks.map(({id}) => id).filter((id) => id >= FIRST);
        t.is(plugged, [], 'blocks of the DIMM', 'it is no whole blocks: nothing of it is added');
        t.is((await unplugDevice(guest, HERE.id)).outcome, 'removed', 'how the request to take it out ended');
        await deleteBackend(guest, HERE.id);
      },
      life: comeAndGo(guest),
      blocks: [FIRST, FIRST + 1],
    };
  };

const ROWS: Readonly<Record<string, Row>> = {
  'unplug-vetoed': {
    that: 'whose unplug a part of the kernel vetoed',
    claims: ['linux/acpi/unplug-refused', 'qemu/unplug/asynchronous'],
    needs: ['acpi', ...INJECT],
    prepare: async (guest) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm(OLD);
      await dimm.online('online_movable');
      return {
        fail: async (t) => {
          await veto(guest, 'MEM_GOING_OFFLINE', 16);
          await refuseUnplug(t, dimm, [IN_PROGRESS, BUSY]);
          await veto(guest, 'MEM_GOING_OFFLINE', 0);
        },
        life: [takeOut(guest, HERE.id), ...comeAndGo(guest)],
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
      const dimm = await guest.plugDimm(OLD);
      await dimm.blocks[1]?.online('online_movable');
      return {
        fail: async (t) => {
          t.is((await guest.write(PROFILE, '0')).errno, 'none', 'error when ejecting is disabled');
          await refuseUnplug(t, dimm, [NOT_SUPPORTED]);
          t.is((await guest.write(PROFILE, '1')).errno, 'none', 'error when ejecting is enabled again');
        },
        life: [
          writeTo(guest, FIRST, 'state', 'online_movable'),
          writeTo(guest, FIRST + 1, 'online', '0'),
          takeOut(guest, HERE.id),
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
      const dimm = await guest.plugDimm({...OLD, size: '384M'});
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
          takeOut(guest, HERE.id),
        ],
        blocks: dimm.blockIds,
      };
    },
  },
  'not-onlined': {
    that: "whose blocks couldn't be onlined when it was plugged",
    claims: ['linux/auto/no-retry', 'linux/online/file'],
    needs: INJECT,
    prepare: async (guest) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm(OLD);
      return {
        fail: async (t) => {
          await takeOut(guest, HERE.id).run();
          await guest.setPolicy('online_movable');
          await veto(guest, 'MEM_GOING_ONLINE', 12);
          const states = await putBack(guest, HERE).run();
          t.is(states, 'offline offline', 'states of its blocks, plugged by online_movable', 'the notifier vetoes');
          await veto(guest, 'MEM_GOING_ONLINE', 0);
          await guest.setPolicy('offline');
        },
        life: [writeTo(guest, FIRST, 'online', '1'), writeTo(guest, FIRST + 1, 'state', 'online')],
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
            const {accepted} = await tryPlug(guest, {id: HERE.id, size: '256M', ...wrong});
            t.is(accepted, false, `QEMU accepts it with ${JSON.stringify(wrong)}`);
          }
        },
        life: comeAndGo(guest),
        blocks: [FIRST, FIRST + 1],
      };
    },
  },
  ...Object.fromEntries(
    Object.entries(UNALIGNED).map(([name, spec]) => [
      `unaligned-${name}`,
      {
        that: `in whose place one was before that is no whole blocks: ${name.replaceAll('-', ' ')}`,
        claims: ['linux/blocks/smallest-unit', 'linux/remove/blocks-gone'],
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
