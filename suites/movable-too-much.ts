import {conformance} from '../lib/conformance/case.ts';
import type {CaseGuest} from '../lib/conformance/guest.ts';
import type {Need} from '../lib/conformance/needs.ts';
import {addDimm, ostMeaning, plugAnswer, unplugDevice} from '../lib/conformance/qemu.ts';
import {calmKhugepaged} from '../lib/conformance/quiet.ts';

const NEEDS: readonly Need[] = ['memory-hotplug', 'memory-hotremove', 'command:perl'];
const MACHINE = 'q35-small';

/** Half a GiB of kernel memory and a Movable DIMM of 1 GiB, so that user space has room whatever the kernel runs out of. */
async function smallGuest(guest: CaseGuest): Promise<void> {
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({id: 'movable', size: '1G'});
  await dimm.online('online_movable');
}

/**
 * Plugs 32 GiB, whose memory map of 512 MiB is more than all of the kernel's memory; returns the guest's answer. The memory map may
 * take everything down to the zones' lowest watermark, so that is high meanwhile, until a process that needs nothing more for it
 * has read of the failure: else the guest has nothing left to answer with.
 */
async function plugTooMuch(guest: CaseGuest): Promise<number> {
  const usual = (await guest.read('/proc/sys/vm/min_free_kbytes')) ?? '';
  await guest.sh(`echo 98304 >/proc/sys/vm/min_free_kbytes; mkfifo /run/memhp.ready
    perl -e 'open(my $log, "<", "/dev/kmsg") or die; sysseek($log, 0, 2); open(my $min, ">", "/proc/sys/vm/min_free_kbytes") or die;
      my $line = " " x 8192; open(my $ready, ">", "/run/memhp.ready") or die; close $ready;
      do { sysread($log, $line, 8192) } until $line =~ /add_memory failed/; syswrite($min, "${usual}\\n")' </dev/null >/dev/null 2>&1 &
    cat /run/memhp.ready`);
  return guest.step('plug 32 GiB with a reserve of free memory', async () => {
    const mark = guest.qmp.events.mark();
    await addDimm(guest.qmp, {id: 'too-much', size: '32G', backend: {'qom-type': 'memory-backend-ram', reserve: false}});
    return plugAnswer(guest, mark, 'too-much');
  });
}

/** Kilobytes mapped directly, and pages of memory maps where the kernel counts them (since 6.11). */
const metadata = async (guest: CaseGuest): Promise<Record<string, number>> => {
  const text = await guest.sh('grep ^DirectMap /proc/meminfo; grep -s ^nr_memmap_pages /proc/vmstat; true');
  const lines = text.trim().split('\n').map((line) => line.split(/[: ]+/));
  const sum = (prefix: string): number => lines.reduce((total, [name = '', value]) => (name.startsWith(prefix) ? total + Number(value) : total), 0);
  return {directMapKiB: sum('DirectMap'), memmapPages: sum('nr_memmap_pages')};
};

conformance('movable/too-much-refused', {
  title: 'Memory at a ratio of 63:1, whose memory map doesn\'t fit into the kernel zones, is refused: the guest says so, and has none of it',
  claims: ['linux/movable/imbalance', 'linux/movable/only-movable-allocations'],
  needs: NEEDS,
  machine: MACHINE,
  seconds: 60,
}, async ({t, guest}) => {
  await smallGuest(guest);
  const before = guest.now;
  t.is(ostMeaning(await plugTooMuch(guest)), '1 (non-specific failure)', 'the guest\'s answer to the plug (_OST)', '32 GiB need 512 MiB of memory map, the kernel zones have less; there is more than that free in ZONE_MOVABLE');
  t.is(guest.now.kernelLog.some((line) => line.endsWith('PNP0C80:01: add_memory failed')), true, 'the kernel says that adding it failed');
  guest.expectUnchanged(before, 'after the refusal', {but: 'qemu'});
  t.is((await unplugDevice(guest, 'too-much')).outcome, 'removed', 'how the request to take it out ended', 'nothing of it is in use');
  guest.expectUnchanged(before, 'after it was taken out');
});

conformance('movable/too-much-costs-nothing', {
  title: 'A DIMM that the guest could not add leaves no memory map and no direct mapping behind',
  claims: ['linux/movable/imbalance', 'linux/remove/blocks-gone'],
  needs: NEEDS,
  machine: MACHINE,
  seconds: 60,
}, async ({t, guest}) => {
  await smallGuest(guest);
  const before = await metadata(guest);
  await plugTooMuch(guest);
  const after = await metadata(guest);
  t.fact('left behind', {directMapKiB: (after['directMapKiB'] ?? 0) - (before['directMapKiB'] ?? 0), memmapPages: (after['memmapPages'] ?? 0) - (before['memmapPages'] ?? 0)});
  t.is(after['directMapKiB'] === before['directMapKiB'], true, 'the direct mapping is as large as before (DirectMap…)', 'what was made for a memory that couldn\'t be added is to be taken back');
  t.is(after['memmapPages'] === before['memmapPages'], true, 'the memory maps are as large as before (nr_memmap_pages)', 'as above, for the sections before the one that failed; counted since 6.11');
});

conformance('movable/too-much-then-less', {
  title: 'After a DIMM that was too large has been taken out a smaller one in its place is added like on a guest that never saw the first',
  claims: ['linux/movable/imbalance', 'linux/acpi/plug'],
  needs: NEEDS,
  machine: MACHINE,
  seconds: 90,
}, async ({t, guest, untouched}) => {
  await smallGuest(guest);
  await plugTooMuch(guest);
  t.is((await unplugDevice(guest, 'too-much')).outcome, 'removed', 'how the request to take out the large one ended');
  // Not a step: where the guest believes it has memory that it hasn't, all of the invariants would say so again.
  const plugSmall = async (one: CaseGuest): Promise<unknown> => {
    const mark = one.qmp.events.mark();
    await addDimm(one.qmp, {id: 'less', size: '256M'});
    const status = await plugAnswer(one, mark, 'less');
    const {stdout} = await one.watch.run('memhp_states', one.stage.limits.shellMs, 'here');
    const blocks = [...stdout.matchAll(/^memory(\d+)\/state:(.*)$/gm)].map(([, id = '', state = '']) => ({id: Number(id), state}));
    const known = new Set(one.now.blocks.map(({id}) => id));
    return {answer: ostMeaning(status), blocks: blocks.filter(({id}) => !known.has(id)).map(({id, state}) => `memory${id} ${state}`)};
  };
  const other = await untouched();
  await smallGuest(other);
  t.is(await plugSmall(guest), await plugSmall(other), 'what became of a DIMM of 256 MiB', 'what a guest says and has that was never asked for the large one');
});
