// A guest with plugged memory that goes on in another QEMU: as it was, and with all that can be done to it.
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance, type CaseContext} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {allocateMemory, type AllocatedMemory} from '../lib/conformance/workload/allocated.ts';
import {hints, migrateHinted, plugHinter} from '../lib/conformance/devices/hinting.ts';
import {migrate, runState, tryMigrate} from '../lib/conformance/survive/migrate.ts';
import {dimmWithData} from '../lib/conformance/workload/movable-dimm.ts';
import {loadVm, loadVmInPlace, mustLoadVm, saveVm} from '../lib/conformance/survive/snapshot.ts';
import {VirtioMem} from '../lib/conformance/devices/virtio-mem.ts';
import {deleteObject} from '../lib/conformance/host/qemu.ts';

const REMOVE = ['device:dimm', 'memory-hotremove', 'vmm:qemu', 'command:perl'] as const;
const LIVE = [...REMOVE, 'live-migration'] as const;

/** Offlines, unplugs and plugs the DIMM again where the guest is now. */
async function liveOn(t: CaseContext['t'], there: CaseGuest, was: Dimm, allocated: AllocatedMemory): Promise<void> {
  const same = allocated.as(there);
  t.is(await same.changedPages(), 0, 'pages that lost their content', 'each page has content of its own');
  const dimm = await there.findDimm(was.id);
  await there.block(was.blockIds[0] ?? -1).offline();
  t.is(await same.changedPages(), 0, 'pages that lost their content when their block was offlined');
  await dimm.unplug();
  await deleteObject(there, `mem-${was.id}`);
  const again = await there.plugDimm({id: was.id, size: there.inBlocks(2)});
  t.is(
    {slot: again.device.slot, address: again.device.address},
    {slot: was.device.slot, address: was.device.address},
    'slot and address of a DIMM that is plugged there',
    'the first that are free, as before',
  );
  await again.online('online_movable');
  await again.unplug();
}

const WAYS = {
  live: {
    given: 'command line',
    moved: 'running',
    what: 'while it runs, to a QEMU that has the DIMMs on its command line',
  },
  'live-device-add': {
    given: 'device_add',
    moved: 'running',
    what: 'while it runs, to a QEMU that was given the DIMMs by device_add',
  },
  saved: {given: 'command line', moved: 'stopped', what: 'while it is stopped, as a guest is saved and restored'},
} as const;

for (const [name, {given, moved, what}] of Object.entries(WAYS)) {
  conformance(
    `migrate/${name}`,
    {
      title:
        `A guest that is migrated ${what}, is as it was, its data too, and the DIMM can be offlined, ` +
        `unplugged and plugged again`,
      claims: ['qemu/migrate/devices', 'qemu/migrate/memory'],
      needs: moved === 'running' ? LIVE : REMOVE,
      moves: true,
      seconds: 60,
    },
    async ({t, guest}) => {
      const {dimm, allocated} = await dimmWithData(t, guest);
      const before = guest.now;
      const there = await migrate(guest, given, moved);
      t.is(await runState(there), 'running', 'state of the other QEMU');
      there.expectUnchanged(before, 'after the migration');
      await liveOn(t, there, dimm, allocated);
    },
  );
}

conformance(
  'migrate/hinting',
  {
    title:
      'A guest whose balloon hints free pages to the migration is as it was, its data too; pages that it ' +
      'hinted are not sent, and the DIMM goes on',
    claims: ['qemu/migrate/hinting', 'qemu/migrate/memory'],
    needs: [...LIVE, 'device:balloon', 'command:udevadm'],
    machine: 'q35-768m',
    boot: boots.coldMovable,
    moves: true,
    seconds: 90,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({id: 'dimm0', size: guest.inBlocks(2)});
    await dimm.blocks[0]?.online('online_movable');
    const allocated = await allocateMemory(guest, 64, 'small');
    const movable = guest.now.blocks
      .filter(({validZones: [zone]}) => zone === 'Movable')
      .map(({id}) => guest.block(id));
    t.require(
      await allocated.pagesIn(...movable),
      allocated.pages,
      'pages with data in Movable blocks',
      'what can be moved is served from ZONE_MOVABLE first',
    );
    await plugHinter(guest, 'port0');
    t.is(await hints(guest), true, 'the driver hints free pages');
    const before = guest.now;
    const {there, unsent} = await migrateHinted(guest, 'port0');
    t.is(
      unsent > 0,
      true,
      'QEMU left pages out',
      'in its first pass; without hints each page is sent or is still to be sent',
    );
    there.expectUnchanged(before, 'after the migration');
    await liveOn(t, there, dimm, allocated);
  },
);

conformance(
  'migrate/without-the-dimm',
  {
    title: 'A migration to a QEMU that lacks the DIMM fails, and the guest goes on where it was, unchanged',
    claims: ['qemu/migrate/devices'],
    needs: REMOVE,
    moves: true,
  },
  async ({t, guest}) => {
    const {dimm, allocated} = await dimmWithData(t, guest);
    const before = guest.now;
    const {words, ...ends} = await tryMigrate(guest, 'not at all');
    t.is(
      ends,
      {from: 'failed', to: 'ended'},
      'how the migration ended',
      `the RAM block of the DIMM is unknown there; QEMU's words: ${words}`,
    );
    t.is(await runState(guest), 'running', 'state of QEMU');
    guest.expectUnchanged(before, 'after the migration that failed');
    await liveOn(t, guest, dimm, allocated);
  },
);

for (const [name, moved, what] of [
  ['virtio-mem', 'running', 'while it runs'],
  ['virtio-mem-saved', 'stopped', 'while it is stopped'],
] as const) {
  conformance(
    `migrate/${name}`,
    {
      title:
        `A guest with virtio-mem that is migrated ${what} is as it was, its data too, and the device ` +
        'can be resized up and down there',
      claims: ['qemu/migrate/devices', 'qemu/migrate/memory', 'linux/virtio-mem/converges'],
      needs: [...(moved === 'running' ? LIVE : REMOVE), 'device:virtio-mem'],
      machine: 'q35-virtio',
      moves: true,
      seconds: 60,
    },
    async ({t, guest}) => {
      await guest.setPolicy('online_movable');
      const vm = new VirtioMem(guest);
      await vm.resize('320M');
      const allocated = await allocateMemory(guest, 64, 'small');
      t.require(
        await allocated.pagesIn(...vm.blocks),
        allocated.pages,
        'pages with data in its blocks',
        'what can be moved is served from ZONE_MOVABLE first',
      );
      const before = guest.now;
      const there = await migrate(guest, 'command line', moved);
      there.expectUnchanged(before, 'after the migration');
      const same = allocated.as(there);
      const resumed = new VirtioMem(there);
      await resumed.resize('512M');
      await resumed.resize('0');
      t.is(
        await same.changedPages(),
        0,
        'pages that lost their content',
        'none by the migration, none when the device has given all of its memory back',
      );
      await resumed.resize('128M');
    },
  );
}

conformance(
  'migrate/savevm',
  {
    title:
      'A guest with DIMMs saved by savevm is back as it was after loadvm in another QEMU that has them, its ' +
      'data too, and the DIMM can be offlined, unplugged and plugged again',
    claims: ['qemu/snapshot/savevm', 'qemu/migrate/memory'],
    needs: [...REMOVE, 'disk'],
    moves: true,
    seconds: 60,
  },
  async ({t, guest}) => {
    const {dimm, movable, allocated} = await dimmWithData(t, guest);
    const before = guest.now;
    await saveVm(guest, 'memhp');
    guest.expectUnchanged(before, 'after savevm');
    await movable.offline();
    const there = await mustLoadVm(guest, 'memhp', 'command line');
    there.expectUnchanged(before, 'after loadvm');
    await liveOn(t, there, dimm, allocated);
  },
);

conformance(
  'migrate/loadvm-without-the-dimm',
  {
    title: 'loadvm in a QEMU that lacks the DIMM which was there at savevm is refused',
    claims: ['qemu/snapshot/savevm'],
    needs: [...REMOVE, 'disk'],
    moves: true,
  },
  async ({t, guest}) => {
    await guest.plugDimm({id: 'dimm0', size: guest.inBlocks(1)});
    await saveVm(guest, 'memhp');
    const there = await loadVm(guest, 'memhp', 'not at all');
    const words = typeof there === 'string' ? there : 'none: it loaded';
    t.is(words.includes('mem-dimm0'), true, "QEMU refuses, and names the DIMM's memory", `its words: ${words}`);
  },
);

conformance(
  'migrate/loadvm-in-place',
  {
    title: "loadvm without ending QEMU brings QEMU's DIMMs back to what they were at savevm, as it does the guest",
    claims: ['qemu/snapshot/in-place'],
    needs: ['device:dimm', 'disk', 'vmm:qemu'],
    moves: true,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const blocks = guest.now.blocks.map(({id}) => id);
    await saveVm(guest, 'memhp');
    await guest.plugDimm({id: 'dimm0', size: guest.inBlocks(1)});
    const after = await loadVmInPlace(guest, 'memhp');
    t.is(after.words, '', "QEMU's answer to loadvm");
    t.is(after.blocks, blocks, "the guest's memory blocks", 'as at savevm');
    t.is(after.devices, [], "QEMU's memory devices", 'as at savevm, and as the guest has it');
  },
);
