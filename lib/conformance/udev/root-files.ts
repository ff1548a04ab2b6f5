import {createHash} from 'node:crypto';
import {gunzipSync} from 'node:zlib';
import type {Kept} from '../../udev/root/tree/memory.ts';
import {filesOfTar} from '../../udev/root/tree/tar.ts';
import {Broken, messageOf} from '../../util/errors.ts';
import {shellQuote} from '../../util/text.ts';
import type {CaseGuest} from '../guest/guest.ts';

const CONF = ['etc', 'run', 'usr/local/lib', 'usr/lib', 'lib'];

/** What the lint reads of a root, files and directories; /lib and its like as the links that they are. */
const READ = [
  'bin',
  'sbin',
  'lib',
  'lib64',
  'etc/os-release',
  'usr/lib/os-release',
  'etc/default',
  'etc/kernel',
  'usr/lib/kernel/cmdline',
  'etc/sysctl.conf',
  'etc/rc.local',
  'etc/rc.d/rc.local',
  'etc/local.d',
  'etc/crontab',
  'etc/cron.d',
  'etc/cron.hourly',
  'etc/cron.daily',
  'etc/sysfs.conf',
  'etc/sysfs.d',
  'etc/init.d/sysfsutils',
  'boot/grub',
  'boot/grub2',
  'boot/loader',
  'boot/extlinux',
  'boot/config-*',
  'usr/lib/modules/*/config',
  ...CONF.flatMap((dir) =>
    ['udev/rules.d', 'tmpfiles.d', 'sysctl.d', 'modprobe.d', 'systemd/system'].map((name) => `${dir}/${name}`),
  ),
];

/** Of these it is enough that they are there. */
const THERE = [
  'boot/vmlinu*',
  'usr/lib/modules/*/modules.dep',
  'usr/lib/systemd/libsystemd-shared*',
  'usr/lib/*/systemd/libsystemd-shared*',
  'usr/bin/systemd-tmpfiles',
  'usr/bin/udevadm',
  'usr/lib/systemd/systemd-udevd',
  'usr/sbin/update-grub',
];

/** Files that the kernel makes: they say nothing of their sizes, so that tar finds nothing in them. */
const MADE = ['proc/cmdline', 'proc/sys/kernel/osrelease', 'sys/devices/system/memory/auto_online_blocks'];

/** Of the guest's root all that the lint reads, in one go. Programs and kernels are there without their contents. */
export async function readRootFiles(guest: CaseGuest): Promise<Map<string, Kept>> {
  const answer = await guest.sh(`cd / &&
    set -- && for f in ${READ.join(' ')}; do { [ -e "$f" ] || [ -L "$f" ]; } && { [ -L "$f" ] || case $f in bin|sbin|lib*/*|lib|lib64) [ ! /lib -ef /usr/lib ];; esac; } && set -- "$@" "$f"; done
    all=$(tar -c --format=gnu --ignore-failed-read --exclude='*.mod' --exclude='*.pf2' "$@" 2>/dev/null | gzip -1n | base64 -w 0)
    there=$(for f in ${THERE.join(' ')}; do [ ! -e "$f" ] || echo "$f"; done | base64 -w 0)
    made=$(for f in ${MADE.join(' ')}; do [ ! -r "$f" ] || { printf '%s ' "$f"; head -n 1 "$f"; }; done | base64 -w 0)
    printf '%s\\n' "$all" "$there" "$made"; printf '%s\\n' "$all" "$there" "$made" | sha256sum`);
  const [all = Buffer.from(''), there = Buffer.from(''), made = Buffer.from('')] = verified(answer, 3);
  const files = unpacked(all);
  for (const path of lines(there)) files.set(path, {bytes: new Uint8Array(), executable: true});
  for (const line of lines(made)) {
    const [path = ''] = line.split(' ');
    files.set(path, {bytes: Buffer.from(`${line.slice(path.length + 1)}\n`)});
  }
  return files;
}

/** Those of the paths that are scripts in the guest, with their text. */
export async function readScripts(guest: CaseGuest, paths: readonly string[]): Promise<Map<string, Kept>> {
  const answer = await guest.sh(`cd / && set -- && for f in ${paths.map(shellQuote).join(' ')}; do
      [ -f "$f" ] && [ -r "$f" ] && { first=; IFS= read -r first <"$f" || :; } 2>/dev/null && case $first in '#!'*) set -- "$@" "$f";; esac; done
    all=$([ $# -eq 0 ] || tar -ch --format=gnu "$@" 2>/dev/null | gzip -1n | base64 -w 0)
    printf '%s\\n' "$all"; printf '%s\\n' "$all" | sha256sum`);
  const [all = Buffer.from('')] = verified(answer, 1);
  return all.length === 0 ? new Map<string, Kept>() : unpacked(all);
}

const lines = (bytes: Buffer): string[] =>
  bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '');

/** The lines that the guest has encoded, if they are those that it has made the digest of. */
function verified(answer: string, count: number): Buffer[] {
  const parts = answer.split('\n');
  const said = parts
    .slice(0, count)
    .map((line) => `${line}\n`)
    .join('');
  const digest = createHash('sha256').update(said).digest('hex');
  if (parts.slice(count).join('\n').trim() !== `${digest}  -`)
    throw new Broken("the guest's files were not read as they are: their digest is another one");
  return parts.slice(0, count).map((line) => Buffer.from(line, 'base64'));
}

function unpacked(archive: Buffer): Map<string, Kept> {
  try {
    return filesOfTar(gunzipSync(archive, {maxOutputLength: 2 ** 26}));
  } catch (error) {
    throw new Broken(`the guest's files can't be unpacked: ${messageOf(error)}`, {cause: error});
  }
}
