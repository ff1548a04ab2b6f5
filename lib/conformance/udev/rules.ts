import {profiles, type RuleProfile} from '../../udev/rules/profiles.ts';
import {shellQuote} from '../../util/text.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {parseTasks, udevdStates} from './trace.ts';

export {profiles, type RuleProfile} from '../../udev/rules/profiles.ts';

/** Rules with the effect of a distribution's, by their name. */
export function profileNamed(name: string): RuleProfile {
  const profile = profiles.find((one) => one.name === name);
  if (!profile) throw new Error(`no rule profile is called ${name}`);
  return profile;
}

/**
 * Where rule files are read: the distribution's, and the administrator's, which hide those of the same name. Source:
 * udev(7).
 */
export type Where = '/usr/lib' | '/etc';

/** A rule file's path. */
export const pathOfRules = (where: Where, file: string): string => `${where}/udev/rules.d/${file}`;

/** Writes a rule file in the guest, over one that is there. udevd takes notice when it is reloaded or restarted. */
export async function addRule(guest: CaseGuest, where: Where, file: string, text: string): Promise<void> {
  await guest.sh(`mkdir -p ${where}/udev/rules.d && printf '%s\\n' ${shellQuote(text)} >${pathOfRules(where, file)}`);
}

/** Puts a distribution's rules into the guest, and lets udevd read them. */
export async function installProfile(guest: CaseGuest, {directory, file, rules}: RuleProfile): Promise<void> {
  await addRule(guest, directory.startsWith('/etc/') ? '/etc' : '/usr/lib', file, rules.trimEnd());
  await reloadUdev(guest);
}

/** Removes a rules file from the guest. udevd is not told. */
export async function dropRule(guest: CaseGuest, where: Where, file: string): Promise<void> {
  await guest.sh(`rm ${pathOfRules(where, file)}`);
}

/** Lets udevd read its rules again; old ones do so when the next uevent comes. Needs `command:udevadm`. */
export async function reloadUdev(guest: CaseGuest): Promise<void> {
  await guest.sh(
    `udevadm control --reload && echo change ` +
      `>/sys/devices/system/memory/memory${guest.now.blocks[0]?.id ?? 0}/uevent && udevadm settle`,
  );
}

/** Restarts udevd, as the document says. Needs `command:systemctl`. */
export async function restartUdev(guest: CaseGuest): Promise<void> {
  await guest.sh('systemctl restart systemd-udevd && udevadm control --ping && udevadm settle');
}

/** Ends udevd and all that would start it again: a uevent would, through its sockets. Needs `command:systemctl`. */
export async function endUdevd(guest: CaseGuest): Promise<void> {
  await guest.sh("systemctl stop 'systemd-udevd*.socket' systemd-udevd.service 2>/dev/null");
}

/** Stops udevd's process where it is: it is there, and does nothing. */
export async function freezeUdevd(guest: CaseGuest): Promise<void> {
  await guest.sh('kill -STOP $(systemctl show -p MainPID --value systemd-udevd)');
}

/** Lets it go on, and waits until it has nothing left to do. */
export async function thawUdevd(guest: CaseGuest): Promise<void> {
  await guest.sh('kill -CONT $(systemctl show -p MainPID --value systemd-udevd) && udevadm settle');
}

/**
 * Changes a word of a rule file behind udevd's back: in its place, to one of the same length with what follows it, with
 * the old time. udevd looks at its directories' times, and since systemd 254 at size, time and inode of each file.
 */
export async function swapRule(
  guest: CaseGuest,
  where: Where,
  file: string,
  old: string,
  wanted: string,
): Promise<void> {
  const path = pathOfRules(where, file);
  await guest.sh(
    `touch -r ${path} /run/memhp.time && sed ${shellQuote(`s/${old}"/${wanted}/`)} ${path} ` +
      `>/run/memhp.rules && cat /run/memhp.rules >${path} && touch -r /run/memhp.time ${path}`,
  );
}

/**
 * How udevd is: `running`, `stopped` by a signal, or `dead`; or that there are several, each of which handles every
 * uevent: Debian's initramfs ends its own before the system starts another, and gives up on that where the guest is
 * very slow.
 */
export async function udevdNow(guest: CaseGuest): Promise<string> {
  const states = udevdStates(parseTasks(await guest.sh('cat /proc/[0-9]*/stat 2>/dev/null; true')));
  const [state] = states;
  if (states.length > 1) return `running ${states.length} times`;
  return state === undefined ? 'dead' : state === 'T' ? 'stopped' : 'running';
}
