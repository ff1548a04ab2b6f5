// What users report, part two: much more memory is plugged at once than the guest has, with udevd running.
import {GiB} from '../lib/conformance/expected/units.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Checks} from '../lib/conformance/verdict/checks.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {memmapOf} from '../lib/conformance/expected/memmap.ts';
import {listenNumbered, type NumberedUevent} from '../lib/conformance/udev/numbered-uevents.ts';
import {ostMeaning, unplugDevice} from '../lib/conformance/host/qemu.ts';
import {survivorsNow} from '../lib/conformance/workload/survivors.ts';
import {plugTooMuch, smallGuest} from '../lib/conformance/workload/too-much.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

const MACHINE = 'q35-wide';
const NEEDS = ['vmm:qemu', 'device:dimm', 'memory-hotremove', 'command:udevadm', 'command:systemctl'] as const;

const of = (events: readonly NumberedUevent[], from: 'kernel' | 'udev', action: string): NumberedUevent[] =>
  events.filter((event) => event.from === from && event.action === action);

const kindsOf = (events: readonly NumberedUevent[]): string[] => [...new Set(events.map(({action}) => action))].sort();

/**
 * Each block of the DIMM was told of, once, with the kernel's numbers ascending, and udevd has run its rules for each.
 */
function allTold(t: Checks, dimm: Dimm, events: readonly NumberedUevent[], action: string): void {
  const names = dimm.blocks.map(({name}) => name);
  const kernel = of(events, 'kernel', action);
  t.is(
    kernel.map(({block}) => block),
    names,
    `blocks of the kernel's uevents ${action}, as they came`,
    'one for each block, from the lowest up',
  );
  t.is(
    kernel.filter(({number}, i) => number <= (kernel[i - 1]?.number ?? 0)),
    [],
    `uevents ${action} whose number is not above the one before`,
    'SEQNUM counts all uevents; none has come late',
  );
  t.is(
    of(events, 'udev', action)
      .map(({number}) => number)
      .sort((a, b) => a - b),
    kernel.map(({number}) => number),
    `numbers of the uevents ${action} that udevd has passed on`,
    'those of the kernel: none is lost',
  );
}

/**
 * Plugs a DIMM without host memory behind what isn't touched, waits until udevd has nothing left to do, and looks who
 * has survived.
 */
async function plugLarge(t: Checks, guest: CaseGuest, gib: number): Promise<{dimm: Dimm; events: NumberedUevent[]}> {
  const before = await survivorsNow(guest);
  const heard = await listenNumbered(guest);
  const dimm = await guest.plugDimm({size: `${gib}G`, backend: {'qom-type': 'memory-backend-ram', reserve: false}});
  const events = await heard();
  t.is(
    await survivorsNow(guest),
    {udevd: before.udevd, oomKills: 0},
    "udevd's process, and processes killed for lack of memory",
    'as before the plug',
  );
  return {dimm, events};
}

for (const policy of ['offline', 'online'] as const) {
  conformance(
    `field/plug-32g-${policy}`,
    {
      title:
        `32 GiB plugged at once into 1 GiB, policy ${policy}: every block is as announced, no uevent is ` +
        `lost, and nothing is killed`,
      claims: ['field/large-plug/nothing-lost', 'linux/sysfs/uevents'],
      needs: NEEDS,
      machine: MACHINE,
      seconds: 60,
    },
    async ({t, guest}) => {
      await guest.setPolicy(policy);
      const total = guest.memTotal;
      const {dimm, events} = await plugLarge(t, guest, 32);
      allTold(t, dimm, events, 'add');
      if (policy === 'online') allTold(t, dimm, events, 'online');
      t.is(kindsOf(events), policy === 'online' ? ['add', 'online'] : ['add'], 'kinds of uevents');
      t.is(
        [...new Set(dimm.blocks.map(({state}) => state))],
        [policy],
        'states of the 256 blocks',
        `auto_online_blocks is ${policy}`,
      );
      t.is(
        guest.memTotal,
        total + (policy === 'online' ? (32 * GiB) / 1024 : 0),
        'MemTotal in kB',
        `${total} before; the memory map of 512 MiB comes from the memory that was there, whose MemTotal stays`,
      );
    },
  );
}

conformance(
  'field/plug-256g-own-memmap',
  {
    title:
      'With memmap_on_memory 256 GiB can be plugged into 1 GiB, 2048 blocks with a uevent each; they can be ' +
      'used, and taken out again',
    claims: ['field/large-plug/nothing-lost', 'linux/memmap-on-memory/less-likely-to-fail', 'linux/sysfs/uevents'],
    needs: [...NEEDS, 'kernel>=6.8', 'config:CONFIG_MHP_MEMMAP_ON_MEMORY'],
    boot: boots.ownMemmap,
    machine: MACHINE,
    seconds: 120, // a minute under TCG, half of it udevd's
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now;
    const {dimm, events} = await plugLarge(t, guest, 256);
    allTold(t, dimm, events, 'add');
    t.is(kindsOf(events), ['add'], 'kinds of uevents');
    t.is([...new Set(dimm.blocks.map(({state}) => state))], ['offline'], 'states of the 2048 blocks');
    const [block] = dimm.blocks.slice(-1);
    await block?.online('online_movable');
    const pages = guest.pagesOf(guest.blockSize);
    const {present, managed} = zone(guest.now, 'Movable');
    t.is(
      {present, managed},
      {present: pages, managed: pages - guest.pagesOf(memmapOf(guest.now))},
      'pages of ZONE_MOVABLE with the highest block online',
      'a block less its own memory map',
    );
    t.is((await dimm.requestUnplug()).outcome, 'removed', 'how the request to take it out ended');
    guest.expectUnchanged(before, 'after the unplug');
  },
);

conformance(
  'field/plug-256g-refused',
  {
    title:
      "256 GiB can't be added to 1 GiB of kernel memory, and the guest says so: no block, no uevent, " +
      'nothing killed, and it can be taken out',
    claims: ['field/large-plug/too-large', 'linux/movable/imbalance'],
    needs: [...NEEDS, 'command:perl', 'acpi'],
    machine: MACHINE,
    seconds: 60,
  },
  async ({t, guest}) => {
    await smallGuest(guest);
    const [before, were] = [guest.now, await survivorsNow(guest)];
    const heard = await listenNumbered(guest);
    const boot = zone(before, 'DMA').managed + zone(before, 'DMA32').managed;
    t.is(
      ostMeaning(await plugTooMuch(guest, 256)),
      '1 (non-specific failure)',
      "the guest's answer to the plug (_OST)",
      `256 GiB need 4 GiB of memory map, all kernel zones together have ${boot * 4} kB`,
    );
    t.is(
      guest.now.kernelLog.some((line) => line.endsWith('PNP0C80:01: add_memory failed')),
      true,
      'the kernel says that adding it failed',
    );
    t.is(await heard(), [], 'uevents of memory blocks');
    t.is(
      await survivorsNow(guest),
      {udevd: were.udevd, oomKills: 0},
      "udevd's process, and processes killed for lack of memory",
      'as before the plug',
    );
    guest.expectUnchanged(before, 'after the refusal', {but: 'vmm'});
    t.is(
      (await unplugDevice(guest, 'too-much')).outcome,
      'removed',
      'how the request to take it out ended',
      'nothing of it is in use',
    );
    guest.expectUnchanged(before, 'after it was taken out');
  },
);
