import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {cpio, type Member} from '../image/cpio.ts';
import {newKeyPair} from '../shell/ssh.ts';
import {writeWhole} from '../util/files.ts';

export interface Keys {
  readonly authorizedKey: string;
  readonly hostKey: string;
}

/** The file that initrdWith writes. */
export const INITRD_WITH_MORE = 'initrd-with-more';

/** Fresh keys for one guest, in its directory. */
export async function writeKeys(work: string): Promise<Keys> {
  const client = newKeyPair('memhp');
  const host = newKeyPair('memhp-guest');
  const keys = {authorizedKey: join(work, 'client_key.pub'), hostKey: join(work, 'host_key')};
  await writeWhole(join(work, 'client_key'), client.private, 0o600);
  await writeWhole(keys.authorizedKey, `${client.public}\n`, 0o600);
  await writeWhole(keys.hostKey, host.private, 0o600);
  await writeWhole(join(work, 'host_key.pub'), `${host.public}\n`, 0o600);
  return keys;
}

/** The keys where an image that can't ask QEMU for them takes them from: keys-from-initrd. */
export const keysInInitrd = async (keys: Keys): Promise<Member[]> => [
  {path: 'memhp-keys', kind: 'dir'},
  {path: 'memhp-keys/authorized_key', kind: 'file', data: await readFile(keys.authorizedKey), mode: 0o600},
  {path: 'memhp-keys/host_key', kind: 'file', data: await readFile(keys.hostKey), mode: 0o600},
];

/**
 * A copy of an initrd with more behind it, in an archive of its own: the kernel unpacks one after the other. Source:
 * Documentation/driver-api/early-userspace/buffer-format.rst.
 */
export async function initrdWith(initrd: string, members: readonly Member[], work: string): Promise<string> {
  const own = await readFile(initrd);
  const path = join(work, INITRD_WITH_MORE);
  await writeWhole(path, Buffer.concat([own, Buffer.alloc(-own.length & 3), cpio(members)]), 0o600);
  return path;
}
