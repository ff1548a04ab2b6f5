import {balloonTo} from '../../vmm/qemu/devices/balloon.ts';
import {Broken} from '../../util/errors.ts';
import {parseSize} from '../../util/size.ts';
import type {CaseGuest} from '../guest/guest.ts';

/**
 * Inflates the balloon until that much of the guest's memory is in it, and no more; deflates it where more was. A step.
 */
export function holdInBalloon(guest: CaseGuest, size: string): Promise<void> {
  return guest.step(`balloon of ${size}`, () =>
    balloonTo(
      guest.qmp,
      guest.now.vmm.base + guest.now.vmm.plugged - parseSize(size),
      guest.session.limits.operationMs,
    ),
  );
}

/** Bytes of the guest's memory that are in the balloon now. Throws Broken where there is none. */
export async function inBalloon(guest: CaseGuest): Promise<number> {
  const {base, plugged, balloon} = await guest.vmm.view();
  if (!balloon) throw new Broken('the guest has no balloon');
  return base + plugged - balloon.left;
}

/** How many pages of the balloon were moved since boot. Source: balloon_migrate of /proc/vmstat. */
export const balloonPagesMoved = async (guest: CaseGuest): Promise<number> =>
  Number((await guest.sh('sed -n "s/^balloon_migrate //p" /proc/vmstat')).trim());
