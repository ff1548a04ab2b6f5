import {once} from 'node:events';
import {createWriteStream} from 'node:fs';
import {open} from 'node:fs/promises';
import {createServer, type Socket} from 'node:net';
import {dirname} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {FILES_FD} from '../vmm/qemu/channels.ts';
import type {Qmp} from '../vmm/qemu/qmp/client.ts';
import {Broken} from '../util/errors.ts';

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

/** Loads the device state into a VM started with `-incoming defer`, from an inherited descriptor. */
export const loadState = (qmp: Qmp, fd: number, ms: number): Promise<void> =>
  transfer(qmp, 'migrate-incoming', `fd:${fd}`, ms);

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
