import {addDimm, plugAnswer} from '../host/qemu.ts';
import {calmKhugepaged} from './quiet.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** Leaves the kernel its boot memory and gives user space a Movable DIMM of 1 GiB, so that it has room whatever the kernel runs out of. */
export async function smallGuest(guest: CaseGuest): Promise<void> {
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({id: 'movable', size: '1G'});
  await dimm.online('online_movable');
}

/**
 * Plugs a DIMM `too-much` whose memory map is more than all of the kernel's memory; returns the guest's answer. The memory map may
 * take everything down to the zones' lowest watermark, so that is high meanwhile, until a process that needs nothing more for it
 * has read of the failure: else the guest has nothing left to answer with. A step.
 */
export async function plugTooMuch(guest: CaseGuest, gib = 32): Promise<number> {
  const usual = (await guest.read('/proc/sys/vm/min_free_kbytes')) ?? '';
  await guest.sh(`echo 98304 >/proc/sys/vm/min_free_kbytes; mkfifo /run/memhp.ready
    perl -e 'open(my $log, "<", "/dev/kmsg") or die; sysseek($log, 0, 2); open(my $min, ">", "/proc/sys/vm/min_free_kbytes") or die;
      my $line = " " x 8192; open(my $ready, ">", "/run/memhp.ready") or die; close $ready;
      do { sysread($log, $line, 8192) } until $line =~ /add_memory failed/; syswrite($min, "${usual}\\n")' </dev/null >/dev/null 2>&1 &
    cat /run/memhp.ready`);
  return guest.step(`plug ${gib} GiB with a reserve of free memory`, async () => {
    const mark = guest.qmp.events.mark();
    await addDimm(guest.qmp, {id: 'too-much', size: `${gib}G`, backend: {'qom-type': 'memory-backend-ram', reserve: false}});
    return plugAnswer(guest, mark, 'too-much');
  });
}
