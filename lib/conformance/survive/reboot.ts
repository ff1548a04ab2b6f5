import type {Qmp} from '../../vmm/qemu/qmp/client.ts';
import {Broken} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';
import {CaseGuest} from '../guest/guest.ts';
import {nextOf} from './migrate.ts';

/**
 * Serves memhp's ports after each boot, as the template's login did before it was frozen; a guest of only a kernel does
 * so by itself. Only what brings the system up is started again (basic.target: udevd, file systems), not the services
 * that log people in: an emulated CPU is slow.
 */
export const SERVE_AFTER_BOOT = `
command -v systemctl >/dev/null || exit 0
mkdir -p /etc/memhp && cp /run/memhp/serve /etc/memhp/serve
for n in 0 1; do
  cat >/etc/systemd/system/memhp-port$n.service <<END_OF_UNIT
[Unit]
DefaultDependencies=no
After=sysinit.target
[Service]
ExecStart=/bin/sh /etc/memhp/serve /dev/virtio-ports/memhp.$n
[Install]
WantedBy=basic.target
END_OF_UNIT
  systemctl enable memhp-port$n.service
done
systemctl set-default basic.target
sync`;

/** Waits until the boot is over, and says which it is. */
const BOOTED = `
if command -v systemctl >/dev/null; then systemctl is-system-running --wait; fi
if command -v udevadm >/dev/null; then udevadm settle --timeout=600; fi
cat /proc/sys/kernel/random/boot_id`;

/** A boot takes many times as long as an operation. */
export const BOOTS = 4;

/** Presses the keys: a request that needs no shell, and that init answers. */
export const ctrlAltDelete = (qmp: Qmp): Promise<unknown> =>
  qmp.execute('send-key', {keys: ['ctrl', 'alt', 'delete'].map((data) => ({type: 'qcode', data}))});

/** Prepares the guest by a script, and tells which boot it is in: another one has another id. */
export const bootIdOf = async (guest: CaseGuest, script: string): Promise<string> =>
  (await guest.sh(`${script}\ncat /proc/sys/kernel/random/boot_id`)).trim();

/** Waits until the guest is up, and throws Broken where it is still in the boot with that id. */
export async function anotherBoot({session: {clone, limits}}: CaseGuest, before: string): Promise<void> {
  const {stdout, stderr} = await clone.shell.run(BOOTED, limits.operationMs * BOOTS);
  const after = stdout.trim().split('\n').at(-1) ?? '';
  if (/^[0-9a-f-]{36}$/.test(after) && after !== before) return;
  throw new Broken(`the guest was to boot anew, and says of itself "${clean(stdout + stderr, 300).trim()}"`);
}

/**
 * Reboots the guest by Ctrl-Alt-Del, which its init answers with an orderly reboot, and returns it once it is up again,
 * in the same QEMU with the same devices. What it had before is no longer to be used. Throws DeadlineError where it
 * doesn't come up. Needs `port-shell`.
 */
export async function reboot(guest: CaseGuest): Promise<CaseGuest> {
  const {qmp, session} = guest;
  const before = await bootIdOf(guest, `(${SERVE_AFTER_BOOT}) >/dev/null 2>&1`);
  await qmp.execute('set-action', {reboot: 'reset'}); // a reset ends our machines otherwise
  const mark = qmp.events.mark();
  await ctrlAltDelete(qmp);
  await qmp.events.next(mark, 'RESET', ({event}) => event === 'RESET', session.limits.operationMs);
  await anotherBoot(guest, before);
  return new CaseGuest(await nextOf(guest).begin(session.clone, 'rebooted'));
}

/**
 * The firmware's memory map as the kernel printed it at boot: start and end of each range of usable RAM. Source:
 * e820__print_table() of arch/x86/kernel/e820.c.
 */
export async function firmwareRam(guest: CaseGuest): Promise<{start: number; end: number}[]> {
  const log = await guest.sh('dmesg | grep BIOS-e820:');
  return [...log.matchAll(/BIOS-e820: \[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\] +(?:usable|System RAM)$/gm)].map(
    ([, start, last]) => ({start: Number(start), end: Number(last) + 1}),
  );
}

const TROUBLE = 'WARNING: |BUG: |Oops|kernel BUG at|PNP0C80:[0-9a-f]+: ';

/** Messages of this boot by which the kernel says that something is wrong with it, or with a memory device. */
export async function bootTrouble(guest: CaseGuest): Promise<string[]> {
  const log = await guest.sh(`dmesg | grep -E '${TROUBLE}' || true`);
  return clean(log, 10_000).split('\n').filter(Boolean).slice(0, 20);
}
