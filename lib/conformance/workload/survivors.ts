import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** What tells that nothing of user space has died for lack of memory. */
export interface Survivors {
  /** Process id of udevd: a killed one is started again with another. */
  readonly udevd: number;
  /** Processes that the kernel has killed since boot because it ran out of memory. Source: oom_kill of /proc/vmstat. */
  readonly oomKills: number;
}

/** Reads it now. Throws Broken where the guest tells neither. Needs `command:systemctl`. */
export async function survivorsNow(guest: CaseGuest): Promise<Survivors> {
  const said = await guest.sh('systemctl show -p MainPID --value systemd-udevd; sed -n "s/^oom_kill //p" /proc/vmstat');
  const [, udevd, oomKills] = /^(\d+)\n(\d+)\n$/.exec(said) ?? [];
  if (udevd === undefined)
    throw new Broken(`the guest has not told udevd's process and how many were killed: "${said.slice(0, 100)}"`);
  return {udevd: Number(udevd), oomKills: Number(oomKills)};
}
