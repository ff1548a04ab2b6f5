import {MiB} from '../../util/size.ts';
import {FILES_FD} from '../../vmm/qemu/channels.ts';
import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from '../guest/guest.ts';

const FILE = `/proc/self/fd/${FILES_FD}/narrow.disk`;

/**
 * Plugs a disk of that many MiB behind a SCSI controller that reaches only 32 bits of address (am53c974), and waits
 * until the guest has it; returns its name: `sda`. Needs a free PCI Express port. A step.
 */
export function plugNarrowDisk(guest: CaseGuest, port: string, mib: number): Promise<string> {
  const {
    qmp,
    session: {limits},
  } = guest;
  return guest.step(`plug a controller of 32 bits into ${port}, with a disk of ${mib} MiB`, async () => {
    const mark = qmp.events.mark();
    await qmp.execute('blockdev-create', {
      'job-id': 'narrow',
      options: {driver: 'file', filename: FILE, size: mib * MiB},
    });
    await qmp.events.next(
      mark,
      'JOB_STATUS_CHANGE to concluded',
      ({event, data}) => event === 'JOB_STATUS_CHANGE' && data['status'] === 'concluded',
      limits.operationMs,
    );
    await qmp.execute('job-dismiss', {id: 'narrow'});
    await qmp.execute('blockdev-add', {driver: 'file', 'node-name': 'narrow', filename: FILE});
    // Its bus tells the guest of no disk that comes later: both are there before the guest looks.
    await qmp.execute('stop');
    await qmp.execute('device_add', {driver: 'am53c974', id: 'narrow-bus', bus: port});
    await qmp.execute('device_add', {driver: 'scsi-hd', id: 'narrow-disk', drive: 'narrow', bus: 'narrow-bus.0'});
    await qmp.execute('cont');
    const name = (
      await guest.sh(
        'until d=$(ls /sys/block | grep ^sd) && [ -b /dev/$d ]; do sleep 0.1; done; udevadm settle; echo $d',
      )
    ).trim();
    if (!/^sd[a-z]$/.test(name))
      throw new Broken(`the guest has other disks than the one that was plugged: "${name.slice(0, 60)}"`);
    return name;
  });
}

/** What came of writing to a disk and reading it again, past the page cache. */
export interface DirectCopy {
  /** Does the disk give back what was written? */
  readonly intact: boolean;
  /**
   * Bytes that went through the bounce buffer because they lie above 4 GiB. Source: the kernel's trace event
   * swiotlb_bounced.
   */
  readonly bounced: number;
}

/**
 * Writes random data of that many MiB to the disk and reads it again, by direct I/O of a process's own memory. A step.
 * Needs `command:perl`.
 */
export function copyDirectly(guest: CaseGuest, disk: string, mib: number): Promise<DirectCopy> {
  return guest.step(`write ${mib} MiB to ${disk} and read them`, async () => {
    const said = await guest.sh(`
      T=/sys/kernel/tracing
      [ -e $T/trace ] || mount -t tracefs none $T
      echo 1 >$T/events/swiotlb/swiotlb_bounced/enable && echo >$T/trace
      mkdir -p /run/memhp.copy && mount -t tmpfs none /run/memhp.copy && cd /run/memhp.copy
      head -c ${mib}M /dev/urandom >data
      dd if=data of=/dev/${disk} bs=1M oflag=direct status=none && sync
      dd if=/dev/${disk} of=again bs=1M count=${mib} iflag=direct status=none
      cmp data again && echo same || echo differs
      perl -ne '$sum += $2 if /swiotlb_bounced: .* dev_addr=([0-9a-f]+) size=(\\d+)/ && hex $1 >= 2 ** 32; END { print $sum || 0, "\\n" }' $T/trace`);
    const [, same, bounced] = /^(same|differs)\n(\d+)\n$/.exec(said) ?? [];
    if (same === undefined) throw new Broken(`copying to ${disk} printed "${said.slice(0, 200)}"`);
    return {intact: same === 'same', bounced: Number(bounced)};
  });
}

/**
 * KiB of the buffer that devices of 32 bits reach memory above 4 GiB by. Source: io_tlb_nslabs in debugfs, in slabs of
 * 2 KiB.
 */
export async function bounceBuffer(guest: CaseGuest): Promise<number> {
  const slabs = await guest.read('/sys/kernel/debug/swiotlb/io_tlb_nslabs');
  if (slabs === undefined || !/^\d+$/.test(slabs))
    throw new Broken(`io_tlb_nslabs is no number: "${slabs ?? 'not readable'}"`);
  return Number(slabs) * 2;
}
