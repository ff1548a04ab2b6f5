import {once} from 'node:events';
import {createWriteStream} from 'node:fs';
import {open} from 'node:fs/promises';
import {createServer, type Socket} from 'node:net';
import {dirname} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {FILES_FD} from '../vmm/qemu/channels.ts';
import type {Qmp} from '../vmm/qemu/qmp/client.ts';
import {Broken} from '../util/errors.ts';
import {compareReleases} from '../util/releases.ts';

/**
 * Saves the device state of a stopped VM to a file; RAM stays in its shared files. QEMU sends it over a
 * socket, because `exec:` is denied by the sandbox and `file:` exists only since QEMU 8.2. It must have been
 * given the file's directory as FILES_FD: it may not look into our own descriptors.
 */
export async function saveState(qmp: Qmp, path: string, ms: number): Promise<void> {
  const directory = await open(dirname(path), 'r');
  // A socket's path ends at 107 bytes; by way of the open directory it is short wherever the cache is.
  const server = createServer();
  try {
    server.listen(`/proc/self/fd/${directory.fd}/migration`);
    await once(server, 'listening');
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const saved = connected.then(([stream]) => pipeline(stream, createWriteStream(path, {mode: 0o600})));
    saved.catch(() => undefined); // awaited below, unless QEMU says first what went wrong
    await transfer(qmp, 'migrate', `unix:/proc/self/fd/${FILES_FD}/migration`, ms);
    await saved;
  } finally {
    server.close();
    await directory.close();
  }
}

/** Loads the device state into a VM started with `-incoming defer`, from an inherited descriptor of a file. */
export const loadState = (qmp: Qmp, fd: number, qemu: string, ms: number): Promise<void> =>
  transfer(qmp, 'migrate-incoming', incoming(fd, qemu), ms);

/**
 * `fd:` with a file's descriptor is deprecated since QEMU 9.1 in favour of `file:`, and refused by 11, which takes
 * sockets and pipes. By way of QEMU's own descriptor it opens that file and no other. Source: docs/about/deprecated.rst,
 * migration/fd.c.
 */
export const incoming = (fd: number, qemu: string): string =>
  compareReleases(qemu, '9.1') < 0 ? `fd:${fd}` : `file:/proc/self/fd/${fd}`;

async function transfer(qmp: Qmp, command: 'migrate' | 'migrate-incoming', uri: string, ms: number): Promise<void> {
  await qmp.execute('migrate-set-capabilities', {
    capabilities: [
      {capability: 'events', state: true},
      {capability: 'x-ignore-shared', state: true},
    ],
  });
  const mark = qmp.events.mark();
  await qmp.execute(command, {uri});
  const ended = await qmp.events.next(
    mark,
    'MIGRATION (completed or failed)',
    ({event, data}) => event === 'MIGRATION' && (data['status'] === 'completed' || data['status'] === 'failed'),
    ms,
  );
  if (ended.data['status'] === 'failed') {
    const why = (await qmp.execute('query-migrate')) as {'error-desc'?: unknown};
    throw new Broken(
      `QEMU could not ${command === 'migrate' ? 'save' : 'load'} the device state: ` +
        (typeof why['error-desc'] === 'string' ? why['error-desc'] : 'it gives no reason'),
    );
  }
}
