import {writeGuestFile} from '../../guest/write.ts';
import type {Shell} from '../../shell/shell.ts';
import {DeadlineError} from '../../util/errors.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** How going to sleep ended. */
export interface Slept {
  /** Error of the write to /sys/power/state; `none` where the guest slept and woke up. */
  readonly errno: string;
  /** Names of QEMU's events about sleep and power meanwhile. */
  readonly events: readonly string[];
}

/** QEMU's events by which a machine goes to sleep, wakes up or ends. Source: qapi/run-state.json. */
const POWER = ['SUSPEND', 'SUSPEND_DISK', 'WAKEUP', 'RESET', 'POWERDOWN', 'SHUTDOWN', 'STOP', 'RESUME'];

/**
 * What the guest offers: the words of /sys/power/state (`freeze mem disk`), and of mem_sleep (`s2idle [deep]`); '' for
 * a file that isn't there.
 */
export async function sleepStates(guest: CaseGuest): Promise<{states: string[]; mem: string}> {
  const states = (await guest.read('/sys/power/state')) ?? '';
  return {states: states.split(' '), mem: (await guest.read('/sys/power/mem_sleep')) ?? ''};
}

/** What a guest that hangs says. */
const HANGS = 'no answer';

/** Writes a word to /sys/power/state, and returns its error. A guest may hang: that is an answer too. */
async function sleep(shell: Shell, word: 'mem' | 'disk', ms: number): Promise<string> {
  try {
    return (await writeGuestFile(shell, '/sys/power/state', word, ms)).errno;
  } catch (error) {
    if (error instanceof DeadlineError) return HANGS;
    throw error;
  }
}

/**
 * Suspends the guest to RAM by writing mem to /sys/power/state, and wakes it up as soon as QEMU says that it sleeps. Ends
 * the case where the guest hangs. A step. Source: Documentation/admin-guide/pm/sleep-states.rst.
 */
export function suspendToRam(guest: CaseGuest): Promise<Slept> {
  const {
    qmp,
    session: {
      clone,
      checks,
      limits: {operationMs},
    },
  } = guest;
  return guest.step('suspend to RAM, wake up', async () => {
    const mark = qmp.events.mark();
    const written = sleep(clone.shell, 'mem', operationMs);
    const asleep = qmp.events.nextOrNone(mark, 'SUSPEND', ({event}) => event === 'SUSPEND', operationMs);
    await Promise.race([asleep, written]); // a guest that refuses answers without sleeping
    if (qmp.events.since(mark).some(({event}) => event === 'SUSPEND')) await qmp.execute('system_wakeup');
    const errno = await written;
    if (errno === HANGS) checks.require(errno, 'an answer', 'error of suspending');
    return {
      errno,
      events: qmp.events
        .since(mark)
        .map(({event}) => event)
        .filter((event) => POWER.includes(event)),
    };
  });
}

const SWAP = '/var/tmp/memhp.swap';

/** The number of the block of the disk where a file begins: FIBMAP of linux/fs.h. */
const WHERE =
  `perl -e 'open(my $f, "<", $ARGV[0]) or die; my $b = pack("L", 0); ioctl($f, 1, $b) or die "FIBMAP: ` +
  `$!\\n"; print unpack("L", $b)' ${SWAP}`;

/**
 * A swap file of its own, and hibernation by the kernel's own test of it: all but the power-off between the image's two
 * halves.
 */
const PREPARE = `
fallocate -l 700M ${SWAP} && chmod 600 ${SWAP} && mkswap ${SWAP} >/dev/null && swapon ${SWAP} || exit
echo 0 >/sys/power/image_size # as small as can be
echo test_resume >/sys/power/disk
${WHERE} >/sys/power/resume_offset
d=$(stat -c %d ${SWAP}) && echo $((d >> 8)):$((d & 255)) >/sys/power/resume`;

/**
 * Hibernates by the kernel's own test of it: the image of all memory is written to a swap file, read again and resumed;
 * only the power-off between is left out. Ends the case where the write to /sys/power/state has another error than
 * `wanted`; the swap file is then left in use, because a kernel whose test failed may keep it. `no answer` is the error
 * of a guest that hangs. A step. Needs `command:perl`, and `disk`. Source: Documentation/power/basic-pm-debugging.rst,
 * test_resume.
 */
export async function hibernate(guest: CaseGuest, wanted: string, because: string): Promise<void> {
  const {
    clone,
    checks,
    limits: {operationMs},
  } = guest.session;
  await guest.step('hibernate: write the image, read it, resume', async () => {
    await guest.sh(PREPARE);
    checks.require(await sleep(clone.shell, 'disk', operationMs), wanted, 'error of hibernation', because);
    await guest.sh(`swapoff ${SWAP} && rm ${SWAP}`);
  });
}

/**
 * Where the chipset has the ports of ACPI, by which a guest hears of DIMMs: PMBASE and ACPI_CNTL of the LPC bridge, in
 * hex. Source: Intel's data sheet of the ICH9, D31:F0, offsets 40h and 44h.
 */
export const acpiPorts = async (guest: CaseGuest): Promise<string> =>
  (await guest.sh('od -An -tx1 -j64 -N8 /sys/bus/pci/devices/0000:00:1f.0/config')).trim();
