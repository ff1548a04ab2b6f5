import type {CaseGuest} from '../guest/guest.ts';

/**
 * Leaves khugepaged to memory that asks for huge pages. While it collapses a file's pages it holds a huge page that is
 * in no list, which may be in a block that is being offlined; on one CPU it then waits for the offlining, whose loop
 * never sleeps, and the offlining for it: a minute under TCG. Nothing happens where the kernel has no transparent huge
 * pages.
 */
export async function calmKhugepaged(guest: CaseGuest): Promise<void> {
  await guest.sh('f=/sys/kernel/mm/transparent_hugepage/enabled; [ ! -e $f ] || echo madvise >$f');
}

/**
 * Stops the guest's soft-lockup watchdog. For cases in which one system call clears or frees a gigabyte: an emulated
 * CPU on a busy host needs longer for that than the watchdog allows, and the guest isn't to blame.
 */
export async function calmWatchdog(guest: CaseGuest): Promise<void> {
  await guest.sh('f=/proc/sys/kernel/soft_watchdog; [ ! -e $f ] || echo 0 >$f');
}
