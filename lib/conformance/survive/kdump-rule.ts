import type {CaseGuest} from '../guest/guest.ts';
import {addRule, reloadUdev, restartUdev} from '../udev/rules.ts';
import {errorOfLoading, loadScript} from './kexec.ts';

/** /lib/udev/rules.d/50-kdump-tools.rules of kdump-tools 1.8.1 (Debian 12), the lines about memory. */
const RULE = ['online', 'offline']
  .map((action) => `SUBSYSTEM=="memory", ACTION=="${action}", PROGRAM="/usr/sbin/kdump-config try-reload"`)
  .join('\n');

const CALL = /^kdump-config /;

/**
 * Puts kdump-tools' rule into the guest, with a kdump-config that does what the real one does where a kernel is loaded
 * for a crash: it loads it again, whatever crash_hotplug says. Needs `command:udevadm`, and what loadScript needs.
 */
export async function installKdumpTools(guest: CaseGuest, more: string): Promise<void> {
  await guest.sh(`cat >/usr/sbin/kdump-config <<'END_OF_PROGRAM'
#!/bin/sh
echo "kdump-config $1" >>/run/memhp.kdump
exec 9>/run/memhp.kdump.lock && flock 9 # as the real one does: only one kernel can be loaded at a time
[ "$1" = try-reload ] && [ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || exit 1
${loadScript(guest.board, {crash: true, more})} >>/run/memhp.kdump 2>&1
END_OF_PROGRAM
chmod 755 /usr/sbin/kdump-config && : >/run/memhp.kdump`);
  await addRule(guest, '/usr/lib', '50-kdump-tools.rules', RULE);
  await reloadUdev(guest);
}

/**
 * Lets what udevd runs do any system call, as an administrator may: its unit forbids all of kexec. Needs
 * `command:systemctl`.
 */
export async function permitUdevd(guest: CaseGuest): Promise<void> {
  await guest.sh(`mkdir -p /run/systemd/system/systemd-udevd.service.d &&
    printf '[Service]\\nSystemCallFilter=\\n' >/run/systemd/system/systemd-udevd.service.d/memhp.conf && systemctl daemon-reload`);
  await restartUdev(guest);
}

/**
 * What kdump-config was called with since the last time, and the error of each loading, once udevd has nothing left to
 * do.
 */
export async function reloads(guest: CaseGuest): Promise<{calls: string[]; errors: string[]}> {
  const said = await guest.sh('udevadm settle && cat /run/memhp.kdump && : >/run/memhp.kdump');
  const lines = said.split('\n').filter(Boolean);
  return {
    calls: lines.filter((line) => CALL.test(line)),
    errors: lines.filter((line) => !CALL.test(line)).map((line) => errorOfLoading(line)),
  };
}
