import {createHash} from 'node:crypto';
import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** A rules file of the guest, where it is. */
export interface GuestFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** Directories that udevd reads, by precedence: a file hides those of the same name in later ones. Source: udev(7). */
const DIRECTORIES = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((dir) => `${dir}/udev/rules.d`);

/**
 * All rules files of the guest, in one go: names and sizes, contents one after the other, and a digest of both. Links
 * to /dev/null are empty files.
 */
export async function readRulesFiles(guest: Pick<CaseGuest, 'sh'>): Promise<GuestFile[]> {
  const answer = await guest.sh(`
    set --
    for d in ${DIRECTORIES.join(' ')}; do
      [ -d $d ] && { [ $d != /lib/udev/rules.d ] || [ ! /lib -ef /usr/lib ]; } || continue
      for f in $d/*.rules $d/.*.rules; do
        if [ -f "$f" ] || [ "$f" -ef /dev/null ]; then set -- "$@" "$f"; fi
      done
    done
    [ $# -gt 0 ] && { names=$(stat -L --printf '%s %n\\0' "$@" | base64 -w 0); contents=$(cat "$@" | base64 -w 0); }
    printf '%s\\n' "$names" "$contents"
    printf '%s\\n' "$names" "$contents" | sha256sum`);
  const said = /^[^\n]*\n[^\n]*\n/.exec(answer)?.[0] ?? '';
  const digest = createHash('sha256').update(said).digest('hex');
  if (answer.slice(said.length).trim() !== `${digest}  -`)
    throw new Broken("the guest's rules files were not read as they are: their digest is another one");
  const [names = Buffer.from(''), all = Buffer.from('')] = said.split('\n').map((text) => Buffer.from(text, 'base64'));
  let at = 0;
  const files = names
    .toString()
    .split('\0')
    .filter(Boolean)
    .map((line): GuestFile => {
      const size = Number.parseInt(line, 10);
      at += size;
      return {path: line.replace(/^\d+ /, ''), bytes: all.subarray(at - size, at)};
    });
  if (at !== all.length)
    throw new Broken(
      `the guest's rules files have ${all.length} bytes, and ${at} by their sizes: they change while they are read`,
    );
  return files;
}
