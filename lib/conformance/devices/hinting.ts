import {z} from 'zod';
import {ask} from '../../vmm/qemu/qmp/ask.ts';
import {balloon, type BalloonSpec} from '../../vmm/qemu/devices/balloon.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {arrive, send} from '../survive/migrate.ts';
import {until} from '../host/until.ts';

/** Id of the balloon that hints. */
const BALLOON = 'hinter';
const hinter = (port: string): BalloonSpec => ({kind: 'balloon', id: BALLOON, port, hinting: true});

/**
 * Plugs a virtio-balloon that hints free pages to a migration, and waits until the guest's driver has taken it. A step.
 */
export function plugHinter(guest: CaseGuest, port: string): Promise<void> {
  return guest.step(`plug a balloon with free-page-hint into ${port}`, async () => {
    guest.session.others.add(BALLOON);
    await guest.plug(hinter(port));
    await guest.sh(
      'until ls /sys/bus/virtio/drivers/virtio_balloon/virtio* >/dev/null 2>&1; do :; done; udevadm settle',
    );
  });
}

/** Does the balloon's driver hint? Bit 3 of the features that it has taken. Source: VIRTIO_BALLOON_F_FREE_PAGE_HINT. */
export const hints = async (guest: CaseGuest): Promise<boolean> =>
  (await guest.sh('cat /sys/bus/virtio/drivers/virtio_balloon/virtio*/features')).charAt(3) === '1';

const ram = {
  total: z.int(),
  remaining: z.int(),
  normal: z.int(),
  duplicate: z.int(),
  'page-size': z.int(),
  'dirty-sync-count': z.int(),
};
/**
 * QEMU's count of what it sent: pages with content and pages of one byte; and of what remains to be sent. Source:
 * qapi/migration.json.
 */
const counted = z.looseObject({ram: z.looseObject(ram).optional()});

/**
 * Bytes of the guest's memory that were neither sent nor are to be sent, while QEMU goes through it for the first time:
 * without hints there are none. Undefined before, and later, when pages that were written again have been counted
 * twice.
 */
async function leftOut({qmp}: CaseGuest): Promise<number | undefined> {
  const count = (await ask(qmp, 'query-migrate', counted)).ram;
  return count?.['dirty-sync-count'] === 1
    ? count.total - count.remaining - (count.normal + count.duplicate) * count['page-size']
    : undefined;
}

/**
 * Migrates the guest, while it runs, to a QEMU that has its DIMMs and the balloon, and returns the guest there, with
 * the bytes of its memory that were left out: at least those of the first hint. The migration crawls until that one has
 * come, or until the deadline of an operation, so that it doesn't depend on who is faster. The case says `moves: true`.
 */
export async function migrateHinted(guest: CaseGuest, port: string): Promise<{there: CaseGuest; unsent: number}> {
  let unsent = 0;
  const first = async (): Promise<void> => {
    unsent =
      (await until(
        guest,
        () => leftOut(guest),
        (bytes = 0) => bytes > 0,
      )) ?? 0;
  };
  const sent = await send(guest, 'command line', 'running', {
    devices: balloon.atBoot(hinter(port), guest.board).args,
    first,
  });
  return {there: await arrive(guest, sent, 'migrated, running, with hints of free pages'), unsent};
}
