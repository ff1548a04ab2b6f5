import {join} from 'node:path';
import {newKeyPair} from '../shell/ssh.ts';
import {writeWhole} from '../util/files.ts';

export interface Keys {
  readonly authorizedKey: string;
  readonly hostKey: string;
}

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
