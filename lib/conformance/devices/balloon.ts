import {balloonActual, balloonTo} from '../../vmm/devices/balloon.ts';
import {parseSize} from '../../util/size.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** Inflates the balloon until that much of the guest's memory is in it, and no more; deflates it where more was. A step. */
export function holdInBalloon(guest: CaseGuest, size: string): Promise<void> {
  return guest.step(`balloon of ${size}`, () =>
    balloonTo(
      guest.qmp,
      guest.now.qemu.base + guest.now.qemu.plugged - parseSize(size),
      guest.session.limits.operationMs,
    ),
  );
}

/** Bytes of the guest's memory that are in the balloon, as QEMU has it. */
export async function inBalloon(guest: CaseGuest): Promise<number> {
  const {base, plugged} = guest.now.qemu;
  return base + plugged - (await balloonActual(guest.qmp));
}

/** How many pages of the balloon were moved since boot. Source: balloon_migrate of /proc/vmstat. */
export const balloonPagesMoved = async (guest: CaseGuest): Promise<number> =>
  Number((await guest.sh('sed -n "s/^balloon_migrate //p" /proc/vmstat')).trim());
