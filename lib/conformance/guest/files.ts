import {SYSFS_MEMORY} from './sysfs.ts';
import type {CaseGuest} from './guest.ts';

/**
 * Names and octal modes (`644`) of the files in a directory below /sys/devices/system/memory; directories and links are
 * left out.
 */
export async function modesIn(guest: CaseGuest, dir = '.'): Promise<Record<string, string>> {
  const text = await guest.sh(
    `cd ${SYSFS_MEMORY}/${dir} && for f in *; do if [ -f "$f" ] && [ ! -L "$f" ]; then stat -c '%n %a' "$f"; fi; done`,
  );
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
}

/** Error name when a file is opened for reading; `none` where it opens. */
export async function readErrno(guest: CaseGuest, file: string): Promise<string> {
  const {stderr} = await guest.trySh(`cat ${SYSFS_MEMORY}/${file} >/dev/null`);
  return stderr.trim() === '' ? 'none' : /Permission denied/.test(stderr) ? 'EACCES' : stderr.trim();
}

/** Error name when an empty line is written to a file; `none` where that is accepted. Not a step. */
export async function writeErrno(guest: CaseGuest, file: string): Promise<string> {
  return (await guest.put(file, '')).errno;
}
