import {conformance} from '../lib/conformance/runner/case.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {addDimm, eventMark, ostMeaning, plugAnswer, unplugDevice} from '../lib/conformance/host/qemu.ts';
import {plugTooMuch, smallGuest} from '../lib/conformance/workload/too-much.ts';

const NEEDS: readonly Need[] = ['vmm:qemu', 'device:dimm', 'memory-hotremove', 'command:perl'];
const MACHINE = 'q35-small';

/** Kilobytes mapped directly, and pages of memory maps where the kernel counts them (since 6.11). */
const metadata = async (guest: CaseGuest): Promise<Record<string, number>> => {
  const text = await guest.sh('grep ^DirectMap /proc/meminfo; grep -s ^nr_memmap_pages /proc/vmstat; true');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.split(/[: ]+/));
  const sum = (prefix: string): number =>
    lines.reduce((total, [name = '', value]) => (name.startsWith(prefix) ? total + Number(value) : total), 0);
  return {directMapKiB: sum('DirectMap'), memmapPages: sum('nr_memmap_pages')};
};

conformance(
  'movable/too-much-refused',
  {
    title:
      "Memory at a ratio of 63:1, whose memory map doesn't fit into the kernel zones, is refused: the guest " +
      'says so, and has none of it',
    claims: ['linux/movable/imbalance', 'linux/movable/only-movable-allocations'],
    needs: [...NEEDS, 'acpi'],
    machine: MACHINE,
    seconds: 60,
  },
  async ({t, guest}) => {
    await smallGuest(guest);
    const before = guest.now;
    t.is(
      ostMeaning(await plugTooMuch(guest)),
      '1 (non-specific failure)',
      "the guest's answer to the plug (_OST)",
      '32 GiB need 512 MiB of memory map, the kernel zones have less; there is more than that free in ZONE_MOVABLE',
    );
    t.is(
      guest.now.kernelLog.some((line) => line.endsWith('PNP0C80:01: add_memory failed')),
      true,
      'the kernel says that adding it failed',
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

conformance(
  'movable/too-much-costs-nothing',
  {
    title: 'A DIMM that the guest could not add leaves no memory map and no direct mapping behind',
    claims: ['linux/movable/imbalance', 'linux/remove/blocks-gone'],
    needs: NEEDS,
    machine: MACHINE,
    seconds: 60,
  },
  async ({t, guest}) => {
    await smallGuest(guest);
    const before = await metadata(guest);
    await plugTooMuch(guest);
    const after = await metadata(guest);
    t.fact('left behind', {
      directMapKiB: (after['directMapKiB'] ?? 0) - (before['directMapKiB'] ?? 0),
      memmapPages: (after['memmapPages'] ?? 0) - (before['memmapPages'] ?? 0),
    });
    t.is(
      after['directMapKiB'] === before['directMapKiB'],
      true,
      'the direct mapping is as large as before (DirectMap…)',
      "what was made for a memory that couldn't be added is to be taken back",
    );
    t.is(
      after['memmapPages'] === before['memmapPages'],
      true,
      'the memory maps are as large as before (nr_memmap_pages)',
      'as above, for the sections before the one that failed; counted since 6.11',
    );
  },
);

conformance(
  'movable/too-much-then-less',
  {
    title:
      'After a DIMM that was too large has been taken out a smaller one in its place is added like on a ' +
      'guest that never saw the first',
    claims: ['linux/movable/imbalance', 'linux/acpi/plug'],
    needs: [...NEEDS, 'acpi'],
    machine: MACHINE,
    seconds: 90,
  },
  async ({t, guest, untouched}) => {
    await smallGuest(guest);
    await plugTooMuch(guest);
    t.is((await unplugDevice(guest, 'too-much')).outcome, 'removed', 'how the request to take out the large one ended');
    // Not a step: where the guest believes it has memory that it hasn't, all of the invariants would say so again.
    const plugSmall = async (one: CaseGuest): Promise<unknown> => {
      const mark = eventMark(one);
      await addDimm(one, {id: 'less', size: guest.inBlocks(2)});
      const status = await plugAnswer(one, mark, 'less');
      const {stdout} = await one.watch.run('memhp_states', one.limits.shellMs, 'here');
      const blocks = [...stdout.matchAll(/^memory(\d+)\/state:(.*)$/gm)].map(([, id = '', state = '']) => ({
        id: Number(id),
        state,
      }));
      const known = new Set(one.now.blocks.map(({id}) => id));
      return {
        answer: ostMeaning(status),
        blocks: blocks.filter(({id}) => !known.has(id)).map(({id, state}) => `memory${id} ${state}`),
      };
    };
    const other = await untouched();
    await smallGuest(other);
    t.is(
      await plugSmall(guest),
      await plugSmall(other),
      'what became of a DIMM of 256 MiB',
      'what a guest says and has that was never asked for the large one',
    );
  },
);
