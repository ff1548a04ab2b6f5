import {MiB} from '../lib/conformance/expected/units.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {expectRefused} from '../lib/conformance/workload/refused.ts';
import {bytesMissing} from '../lib/conformance/expected/zones.ts';

const NEEDS: readonly Need[] = ['memory-hotplug', 'memory-hotremove'];

conformance(
  'offline/ragged-end',
  {
    title:
      'Where boot memory ends in the middle of a block, that block refuses to go offline with EINVAL, and ' +
      "the one before doesn't",
    claims: ['linux/offline/holes', 'linux/offline/failure-unchanged'],
    needs: NEEDS,
    machine: 'q35-ragged',
  },
  async ({t, guest}) => {
    const last = guest.now.blocks.at(-1)?.id ?? 0;
    const {ram} = guest.machine;
    const end = guest.board.ram + ram;
    t.require(last, Math.floor(end / guest.blockSize), 'the last block', `RAM ends at ${end / MiB} MiB, within it`);
    t.is(
      bytesMissing(guest.now, last) >= guest.blockSize - (end % guest.blockSize),
      true,
      'bytes of it that are no System RAM are at least those beyond the end of RAM',
    );
    await expectRefused(guest, guest.block(last), 'EINVAL', 'offline_pages() refuses holes first');
  },
);

conformance(
  'offline/mixed-nodes',
  {
    title: 'A block that two NUMA nodes share reads none in valid_zones and refuses to go offline with EINVAL',
    claims: ['linux/offline/mixed', 'linux/valid-zones/none', 'linux/offline/failure-unchanged'],
    needs: [...NEEDS, 'numa'],
    machine: 'q35-split-block',
  },
  async ({t, guest}) => {
    const [first = 0] = guest.machine.nodes;
    const block = guest.block(Math.floor((guest.board.ram + first) / guest.blockSize));
    t.require(
      first % guest.blockSize > 0,
      true,
      'the nodes meet in the middle of a block',
      `${first / MiB} MiB of node 0`,
    );
    t.is(guest.view(block.id).nodes, [0, 1], `nodes of ${block.name}`, 'the first node ends within it');
    t.is(block.validZones, ['none'], `valid_zones of ${block.name}`);
    await expectRefused(guest, block, 'EINVAL', "a block without one zone can't be taken out of it");
  },
);

conformance(
  'offline/mixed-zones',
  {
    title: 'The only block that two zones share is the first; it refuses to go offline with EINVAL',
    claims: ['linux/offline/mixed'],
    needs: [...NEEDS, 'mixed-block'],
  },
  async ({t, guest}) => {
    const mixed = guest.now.blocks.filter(({state, validZones}) => state === 'online' && validZones.join() === 'none');
    t.is(
      mixed.map(({id}) => id),
      [0],
      'blocks whose valid_zones read none',
      'zone DMA ends at 16 MiB, in the first block',
    );
    await expectRefused(guest, guest.firstBlock, 'EINVAL', "a block without one zone can't be taken out of it");
  },
);

/** Where a reserved area lies that the kernel's log of its boot names: [start, end) in bytes. */
async function areaOf(guest: CaseGuest, pattern: string): Promise<{start: number; end: number}> {
  const line = (await guest.sh(`journalctl -k -b -o cat | grep -iE '${pattern}' | head -n 1`)).trim();
  const [, mib = '', start = ''] = /reserved (\d+) ?Mi?B at (?:0x)?([0-9a-f]+)/i.exec(line) ?? [];
  guest.checks.require(mib !== '', true, 'the kernel says where the area lies', line);
  return {start: Number.parseInt(start, 16), end: Number.parseInt(start, 16) + Number(mib) * MiB};
}

conformance(
  'offline/cma',
  {
    title: 'Blocks with a CMA area in them refuse to go offline with EBUSY',
    claims: ['linux/offline/cma', 'linux/offline/failure-unchanged'],
    needs: [...NEEDS, 'kernel-config', 'config:CONFIG_CMA', 'command:systemctl'], // whose journal has the boot
    boot: boots.movableNode,
  },
  async ({t, guest}) => {
    const area = await areaOf(guest, 'cma: reserved 64 MiB');
    t.is((area.end - area.start) / MiB, 64, 'MiB of the area', 'cma=64M');
    const blocks = guest.now.blocks.filter(
      ({id}) => id * guest.blockSize < area.end && (id + 1) * guest.blockSize > area.start,
    );
    t.is(
      blocks.length > 0,
      true,
      'blocks that the area lies in: there are some',
      `0x${area.start.toString(16)} to 0x${area.end.toString(16)}`,
    );
    for (const {id} of blocks) {
      const hole = bytesMissing(guest.now, id) > 0;
      await expectRefused(
        guest,
        guest.block(id),
        hole ? 'EINVAL' : 'EBUSY',
        hole
          ? 'the block has a hole as well, and holes are refused first'
          : "pages of CMA areas can't be isolated for anybody else (has_unmovable_pages)",
      );
    }
  },
);

conformance(
  'offline/arm64-boot',
  {
    title:
      'On arm64 no block of boot memory goes offline: EPERM, or EBUSY where something in it stands in the way before ' +
      'that',
    claims: ['linux/offline/arm64-boot'],
    needs: [...NEEDS, 'arch:arm64'],
  },
  async ({t, guest}) => {
    const whole = guest.now.blocks.filter(
      ({id, validZones}) => bytesMissing(guest.now, id) === 0 && validZones.join() !== 'none',
    );
    t.is(whole.length > 0, true, 'blocks of boot memory that nothing else forbids: there are some');
    const before = guest.now;
    const errors: string[] = [];
    for (const {id} of whole) {
      const {errno} = await guest.block(id).write('state', 'offline');
      const asked = guest.now.kernelLog.some((line) => /Boot memory \[.*\] offlining attempted/.test(line));
      t.is(
        errno,
        asked ? 'EPERM' : 'EBUSY',
        `error when offline is written to state of memory${id}`,
        asked
          ? 'prevent_bootmem_remove_notifier() in arch/arm64/mm/mmu.c says that it vetoes it'
          : "the notifier wasn't asked: pages that can't be isolated come first (offline_pages)",
      );
      errors.push(errno);
    }
    t.is(errors.includes('EPERM'), true, 'blocks that the notifier vetoes: there are some');
    guest.expectUnchanged(before, 'after refused offlining');
  },
);

conformance(
  'offline/crashkernel',
  {
    title:
      'On s390x no block that a crash kernel needs goes offline: neither those of its area nor the lowest ones, which ' +
      'that will be swapped with',
    claims: ['linux/offline/crashkernel'],
    needs: [...NEEDS, 'arch:s390x', 'config:CONFIG_CRASH_DUMP'],
    boot: boots.crashKernel,
  },
  async ({t, guest}) => {
    const area = guest.now.iomem.find(({name}) => name === 'Crash kernel');
    const size = Number(await guest.read('/sys/kernel/kexec_crash_size'));
    t.require(area && area.end - area.start, size, 'size of the Crash kernel in iomem', 'kexec_crash_size');
    const before = guest.now;
    const errors: string[] = [];
    let inAreaSeen = 0;
    for (const {id} of before.blocks) {
      const [start, end] = [id * guest.blockSize, (id + 1) * guest.blockSize];
      const inArea = area !== undefined && start < area.end && area.start < end;
      if (!inArea && start >= size) continue;
      const {errno} = await guest.block(id).write('state', 'offline');
      if (inArea) inAreaSeen += 1;
      if (inArea)
        t.is(errno, 'EBUSY', `error of memory${id}, in the area`, 'it is reserved memory, whose pages are unmovable');
      else
        t.oneOf(
          errno,
          ['EPERM', 'EBUSY'],
          `error of memory${id}, below the size of the area`,
          "kdump_mem_notifier() in arch/s390/kernel/setup.c vetoes it; pages that can't be isolated come first",
        );
      errors.push(errno);
    }
    t.atLeast(inAreaSeen, 1, 'blocks in the area', 'it is memory of the kernel, reserved');
    t.is(errors.includes('EPERM'), true, 'blocks that the notifier vetoes: there are some');
    guest.expectUnchanged(before, 'after refused offlining');
    const above = before.blocks.filter(({id}) => id * guest.blockSize >= size && bytesMissing(before, id) === 0);
    const others: string[] = [];
    for (const {id} of above) others.push((await guest.block(id).write('state', 'offline')).errno);
    t.is(others.includes('none'), true, 'whole blocks above it that go offline: there are some');
  },
);
