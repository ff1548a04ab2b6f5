// What a DIMM's memory is on the host: a file, huge pages, QEMU's own; and whether the host has it back afterwards.
import {MiB} from '../lib/conformance/expected/units.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {
  fileBackend,
  freeHugePages,
  freeHugePagesReach,
  hugeBackend,
  mappingsLeft,
  mappingsOf,
  timesInFile,
  type Mapping,
} from '../lib/conformance/host/host-memory.ts';
import {fillText, fillUserMemory} from '../lib/conformance/workload/load.ts';
import {deleteBackend} from '../lib/conformance/host/qemu.ts';

const REMOVE = ['device:dimm', 'memory-hotremove'] as const;
/** A size that no other mapping of QEMU has: that of a DIMM of three blocks. */
const sizeOf = (guest: CaseGuest): number => 3 * guest.blockSize;

const shown = (mappings: readonly Mapping[]): object[] =>
  mappings.map(({path, permissions, page}) => ({file: path.replace(/^.*\//, ''), permissions, page}));

for (const share of [true, false]) {
  conformance(
    `backend/file-${share ? 'shared' : 'private'}`,
    {
      title: share
        ? "With a shared file behind a DIMM the guest's data is in the file, and after the unplug QEMU lets go of it"
        : 'With a private mapping of a file behind a DIMM the file stays empty, and after the unplug QEMU ' +
          'lets go of it',
      claims: ['qemu/backend/file', 'qemu/backend/freed'],
      needs: [...REMOVE, 'vmm:qemu'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: guest.inBlocks(3), backend: fileBackend('dimm.ram', share)});
      t.is(
        shown(await mappingsOf(guest, sizeOf(guest))),
        [{file: 'dimm.ram', permissions: share ? 'rw-s' : 'rw-p', page: 4}],
        "QEMU's mappings of the DIMM's size",
        `a file mapped with share=${share ? 'on' : 'off'}, in pages of 4 KiB`,
      );
      await dimm.online('online_movable');
      const {line, lines} = await fillText(guest, 16);
      const found = await timesInFile(guest, 'dimm.ram', line);
      if (share)
        t.atLeast(
          found,
          lines,
          "times that the guest's text is in the file",
          `16 MiB of lines of 64 bytes; user space is served from ZONE_MOVABLE first, and that is the DIMM`,
        );
      else t.is(found, 0, "times that the guest's text is in the file", "what is written goes to QEMU's own pages");
      t.atLeast(
        (await mappingsOf(guest, sizeOf(guest)))[0]?.resident ?? 0,
        16 * 1024,
        'KiB of the mapping that are in memory',
        'the guest has written 16 MiB',
      );
      await dimm.unplug();
      await deleteBackend(guest, dimm.id);
      t.is(
        shown(await mappingsLeft(guest, sizeOf(guest))),
        [],
        "QEMU's mappings of the DIMM's size after the unplug and object-del",
      );
    },
  );
}

conformance(
  'backend/freed',
  {
    title:
      "The host's memory for a DIMM grows as the guest uses it, stays with the backend, and is free once " +
      'that is deleted',
    claims: ['qemu/backend/freed'],
    needs: [...REMOVE, 'command:sha256sum', 'vmm:qemu'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    t.is(shown(await mappingsOf(guest, sizeOf(guest))), [], "QEMU's mappings of the DIMM's size before");
    const dimm = await guest.plugDimm({size: guest.inBlocks(3)});
    t.is(
      shown(await mappingsOf(guest, sizeOf(guest))),
      [{file: '', permissions: 'rw-p', page: 4}],
      "QEMU's mappings of the DIMM's size with the DIMM",
      'anonymous memory',
    );
    await dimm.online('online_movable');
    const before = (await mappingsOf(guest, sizeOf(guest)))[0]?.resident ?? 0;
    const data = await fillUserMemory(guest, 16);
    const after = (await mappingsOf(guest, sizeOf(guest)))[0]?.resident ?? 0;
    t.atLeast(
      after,
      16 * 1024,
      'KiB of it in memory after the guest has written 16 MiB',
      `user space is served from ZONE_MOVABLE first; ${before} KiB were before`,
    );
    await dimm.unplug();
    t.is(
      (await mappingsOf(guest, sizeOf(guest))).length,
      1,
      "mappings of the DIMM's size after the unplug",
      'the backend is still there',
    );
    await deleteBackend(guest, dimm.id);
    t.is(shown(await mappingsLeft(guest, sizeOf(guest))), [], "mappings of the DIMM's size after object-del");
    t.is(await data.intact(), true, 'the guest still reads its data', 'it was moved out of the DIMM');
  },
);

for (const [name, kib, mib, pages] of [
  ['2m', 2048, 128, 64],
  ['1g', 1_048_576, 1024, 1],
] as const) {
  conformance(
    `backend/hugepages-${name}`,
    {
      title:
        `A DIMM of huge pages of ${name === '2m' ? '2 MiB' : '1 GiB'} takes exactly so many of the ` +
        `host's, and gives them back`,
      claims: ['qemu/backend/hugepages', 'qemu/backend/freed'],
      needs: [...REMOVE, 'command:sha256sum', `host-hugepages:${kib}x${pages}`, 'vmm:qemu'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const before = await freeHugePages(guest, kib);
      const dimm = await guest.plugDimm({size: `${mib}M`, backend: {...hugeBackend(kib), prealloc: true}});
      const huge = (await mappingsOf(guest, mib * MiB)).filter(({page}) => page > 4);
      t.is(
        huge.map(({page, resident}) => ({page, resident})),
        [{page: kib, resident: mib * 1024}],
        `QEMU's mappings of ${mib} MiB in huge pages`,
        'all of it is allocated at once (prealloc)',
      );
      t.is(
        await freeHugePages(guest, kib),
        before - pages,
        "the host's free huge pages",
        `${before} − ${mib} MiB in pages of ${kib} KiB`,
      );
      await dimm.online('online_movable');
      const data = await fillUserMemory(guest, 16);
      t.is(await data.intact(), true, 'the guest reads what it wrote');
      await dimm.unplug();
      await deleteBackend(guest, dimm.id);
      t.is(
        await freeHugePagesReach(guest, kib, before),
        before,
        "the host's free huge pages after the unplug and object-del",
        'as before',
      );
      t.is(await data.intact(), true, 'the guest still reads it');
    },
  );
}
