import {mappingsOf} from '../host/host-memory.ts';
import {until} from '../host/until.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** Id of the balloon that reports. */
const BALLOON = 'reporter';

/**
 * Plugs a virtio-balloon that reports free pages, and waits until the guest's driver has taken it. The guest's RAM must
 * be in no file. A step.
 */
export function plugReporter(guest: CaseGuest, port: string): Promise<void> {
  return guest.step(`plug a balloon with free-page-reporting into ${port}`, async () => {
    guest.session.others.add(BALLOON);
    await guest.plug({kind: 'balloon', id: BALLOON, port, reporting: true});
    await guest.sh(
      'until ls /sys/bus/virtio/drivers/virtio_balloon/virtio* >/dev/null 2>&1; do sleep 0.1; done; udevadm settle',
    );
  });
}

/** Does the balloon's driver report? Bit 5 of the features that it has taken. Source: VIRTIO_BALLOON_F_REPORTING. */
export const reports = async (guest: CaseGuest): Promise<boolean> =>
  (await guest.sh('cat /sys/bus/virtio/drivers/virtio_balloon/virtio*/features')).charAt(5) === '1';

/**
 * KiB of the free pages of a zone that are large enough to be reported: whole pageblocks, of 2 MiB, and larger. Source:
 * /proc/buddyinfo.
 */
export async function reportable(guest: CaseGuest, zone: string): Promise<number> {
  const {page, pageblock} = guest.board;
  const lines = (await guest.sh('cat /proc/buddyinfo')).split('\n').filter((line) => line.split(/,?\s+/)[3] === zone);
  const counts = lines.map((line) => line.trim().split(/\s+/).slice(4).map(Number));
  return counts.reduce(
    (sum, orders) =>
      sum +
      orders.reduce(
        (kib, count, order) => kib + (page * 2 ** order >= pageblock ? (count * page * 2 ** order) / 1024 : 0),
        0,
      ),
    0,
  );
}

/** KiB that the host holds for QEMU's one mapping of that many bytes; 0 where there is none. */
export const residentOf = async (guest: CaseGuest, bytes: number): Promise<number> =>
  (await mappingsOf(guest, bytes))[0]?.resident ?? 0;

/**
 * The same once it is `most` or less, or what it is at the deadline: the guest reports two seconds after pages became
 * free.
 */
export const residentFalls = (guest: CaseGuest, bytes: number, most: number): Promise<number> =>
  until(
    guest,
    () => residentOf(guest, bytes),
    (resident) => resident <= most,
  );
