import type {Board} from '../../machine/board/board.ts';
import {addDimm, plugAnswer} from '../host/qemu.ts';
import {calmKhugepaged} from './quiet.ts';
import type {CaseGuest} from '../guest/guest.ts';

/**
 * Leaves the kernel its boot memory and gives user space a Movable DIMM of 1 GiB, so that it has room whatever the
 * kernel runs out of. Should the kernel kill something nevertheless, it isn't the process by which memhp sees that.
 */
export async function smallGuest(guest: CaseGuest): Promise<void> {
  await guest.sh('[ -z "$memhp_looking" ] || echo -1000 >"/proc/$memhp_looking/oom_score_adj"');
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({id: 'movable', size: guest.inBlocks(8)});
  await dimm.online('online_movable');
}

/**
 * Gives the usual reserve back, and lets the kernel speak on the console again, as soon as it has said that it failed:
 * as long as the reserve is high it would kill for a page. So this process comes first, and needs none itself
 * (mlockall).
 */
const giveBack = ({mlockall}: Board['syscalls'], reserve: string, printk: string): string => `
  open(my $log, "<", "/dev/kmsg") or die; sysseek($log, 0, 2);
  open(my $min, ">", "/proc/sys/vm/min_free_kbytes") or die; open(my $console, ">", "/proc/sys/kernel/printk") or die;
  my $line = " " x 8192; setpriority(0, 0, -20); syscall(${mlockall}, 3) == 0 or die; open(my $ready, ">", "/run/memhp.ready") or die; close $ready;
  do { sysread($log, $line, 8192) } until $line =~ /add_memory failed/; syswrite($min, "${reserve}\\n"); syswrite($console, "${printk}\\n")`;

/**
 * Plugs a DIMM `too-much` whose memory map is more than all of the kernel's memory; returns the guest's answer. The
 * memory map may take everything down to the zones' lowest watermark, so that is high meanwhile, until a process that
 * needs nothing more for it has read of the failure: else the guest has nothing left to answer with. A hundred lines of
 * warnings on a slow console would make that a second. A step. Needs `command:perl`.
 */
export async function plugTooMuch(guest: CaseGuest, gib = 32): Promise<number> {
  const usual = async (file: string): Promise<string> => ((await guest.read(file)) ?? '').trim().replace(/\s+/g, ' ');
  const [reserve, printk] = [await usual('/proc/sys/vm/min_free_kbytes'), await usual('/proc/sys/kernel/printk')];
  await guest.sh(`echo 98304 >/proc/sys/vm/min_free_kbytes; echo 1 >/proc/sys/kernel/printk; mkfifo /run/memhp.ready
    perl -e '${giveBack(guest.board.syscalls, reserve, printk)}' </dev/null >/dev/null 2>&1 &
    cat /run/memhp.ready`);
  return guest.step(`plug ${gib} GiB with a reserve of free memory`, async () => {
    const mark = guest.qmp.events.mark();
    await addDimm(guest, {
      id: 'too-much',
      size: `${gib}G`,
      backend: {'qom-type': 'memory-backend-ram', reserve: false},
    });
    return plugAnswer(guest, mark, 'too-much');
  });
}
