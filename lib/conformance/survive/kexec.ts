import type {GuestBoard} from '../../machine/board/board.ts';
import {z} from 'zod';
import {errnoOf} from '../../guest/write.ts';
import {ask} from '../../vmm/qemu/qmp/ask.ts';
import {Broken} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';
import {CaseGuest} from '../guest/guest.ts';
import {nextOf} from './migrate.ts';
import {anotherBoot, bootIdOf, BOOTS, ctrlAltDelete, SERVE_AFTER_BOOT} from './reboot.ts';

/** kexec_file_load(2): a kernel to boot next, or one for the case of a crash; prints its error. */
const program = ({syscalls}: GuestBoard): string => String.raw`
use strict;
my ($flags, $line) = @ARGV;
chomp(my $release = qx(uname -r));
open(my $kernel, '<', "/boot/vmlinuz-$release") or die "the kernel: $!\n";
open(my $initrd, '<', "/boot/initrd.img-$release") or die "the initrd: $!\n";
$line .= "\0";
print syscall(${syscalls.kexec_file_load}, fileno $kernel, fileno $initrd, length $line, $line, 0 + $flags) == 0 ? "none\n" : "$!\n";
`;
const ON_CRASH = 2;

/**
 * A script that loads the guest's own kernel and initrd from its /boot for a kexec, or for a crash, with the command
 * line that it has and `more`, and prints the error of kexec_file_load(2), or `none`. Needs `command:perl`, `disk` and
 * a guest that keeps its kernel in /boot.
 */
export const loadScript = (board: GuestBoard, {crash = false, more = ''}): string =>
  `perl -e '${program(board).replaceAll("'", "'\\''")}' ${crash ? ON_CRASH : 0} "$(sed 's/ crashkernel=[^ ` +
  `]*//' /proc/cmdline) ${more}"`;

/** Runs it. The error of kexec_file_load(2), `none` where it worked. A step. */
export async function loadKernel(guest: CaseGuest, what: {crash?: boolean; more?: string}): Promise<string> {
  const title = `load the kernel ${what.crash === true ? 'for a crash' : 'to be booted next'} by kexec_file_load`;
  return errorOfLoading(await guest.step(title, () => guest.sh(loadScript(guest.board, what))));
}

/** Name of the error that loadScript printed, or `none`. */
export const errorOfLoading = (said: string): string => (said.trim() === 'none' ? 'none' : errnoOf(clean(said, 200)));

/**
 * Makes Ctrl-Alt-Del run a script in the guest, after memhp's shells there have ended: what comes after it doesn't come
 * back. A file, so that it outlasts this shell.
 */
const onCtrlAltDelete = (script: string): string => `
(${SERVE_AFTER_BOOT}) >/dev/null 2>&1
cat >/run/memhp/last <<'END_OF_SCRIPT'
for p in /proc/[0-9]*; do
  if [ "$p" != /proc/$$ ] && ls -l $p/fd 2>/dev/null | grep -q /dev/vport; then kill -KILL \${p#/proc/}; fi
done
sync
${script}
END_OF_SCRIPT
cat >/run/systemd/system/memhp-last.service <<'END_OF_UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/sh /run/memhp/last
END_OF_UNIT
cat >/run/systemd/system/ctrl-alt-del.target <<'END_OF_UNIT'
[Unit]
DefaultDependencies=no
Requires=memhp-last.service
END_OF_UNIT
systemctl daemon-reload`;

/** reboot(2) with LINUX_REBOOT_CMD_KEXEC. */
const kexecNow = ({syscalls}: GuestBoard): string =>
  `exec perl -e 'syscall(${syscalls.reboot}, 0xfee1dead, 672274793, 0x45584543); die "reboot: $!\\n"'`;

const chardevs = z.array(z.object({label: z.string(), 'frontend-open': z.boolean()}));

/**
 * Boots the kernel that was loaded, without a reset: the guest's next life in the same machine. Needs
 * `command:systemctl`, and `port-shell`.
 */
export async function kexec(guest: CaseGuest): Promise<CaseGuest> {
  await leaveBy(guest, kexecNow(guest.board));
  return new CaseGuest(await nextOf(guest).begin(guest.session.clone, 'booted by kexec'));
}

/**
 * Crashes the kernel, so that the one loaded for that boots, and runs a script there; what it prints. That kernel has
 * memory of its own alone and leaves the rest as it was, so nothing else of it is looked at. Needs `command:systemctl`,
 * and `port-shell`.
 */
export async function crash(guest: CaseGuest, script: string): Promise<string> {
  const {clone, limits} = guest.session;
  nextOf(guest).mayEnd(clone); // a panic that isn't followed by a boot is told by the deadline
  await leaveBy(guest, 'echo c >/proc/sysrq-trigger');
  const {status, stdout, stderr} = await clone.shell.run(script, limits.operationMs);
  guest.session.touched = false; // what is there now isn't the guest that was looked at
  if (status !== 0) throw new Broken(`after the crash a script ended with status ${status}: ${clean(stderr, 500)}`);
  return stdout;
}

/** Leaves the running kernel by a script, and waits until another one has booted. */
async function leaveBy(guest: CaseGuest, script: string): Promise<void> {
  const {
    qmp,
    session: {clone, limits},
  } = guest;
  const before = await bootIdOf(guest, onCtrlAltDelete(script));
  await ctrlAltDelete(qmp);
  // What is sent before the old shells have ended would be lost with them.
  const end = clone.clock.now() + limits.operationMs * BOOTS; // all of it is part of a boot
  for (;;) {
    const ports = (await ask(qmp, 'query-chardev', chardevs)).filter(
      ({label}) => label === 'work' || label === 'watch',
    );
    if (ports.length === 2 && ports.every((port) => !port['frontend-open'])) break;
    if (clone.clock.now() > end) throw new Broken("the guest's shells go on after Ctrl-Alt-Del");
    await clone.clock.sleep(50);
  }
  await anotherBoot(guest, before);
}
