import {z} from 'zod';
import type {MemoryDevice} from '../../vmm/vmm.ts';
import {qmpOf} from '../../vmm/qemu/qemu.ts';
import {queryDevices} from '../../vmm/qemu/view.ts';
import type {Clone} from '../../machine/clone.ts';
import {FILES_FD} from '../../vmm/qemu/channels.ts';
import {ask} from '../../vmm/qemu/qmp/ask.ts';
import type {Qmp} from '../../vmm/qemu/qmp/client.ts';
import {Broken} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';
import {CaseGuest} from '../guest/guest.ts';
import type {NextLife} from '../runner/session.ts';
import {KiB, TiB} from '../../util/size.ts';

/**
 * How the other QEMU is given the plugged DIMMs: on its command line, as libvirt does; by device_add before the guest
 * comes; or not at all.
 */
export type Given = 'command line' | 'device_add' | 'not at all';

/** Is the guest moved while it runs, or is it stopped before, as for a memory image on the disk (`virsh save`)? */
export type Moved = 'running' | 'stopped';

/**
 * How a migration ended on both sides: the status of QEMU's last event MIGRATION, and whether the guest runs there
 * afterwards.
 */
export interface Migration {
  readonly from: string;
  readonly to: string;
  /** QEMU's reason where it failed. */
  readonly words: string;
}

const SOCKET = `unix:/proc/self/fd/${FILES_FD}/migration`;
const status = z.object({status: z.string()});
const failure = z.looseObject({'error-desc': z.string().optional()});

/** `running`, `paused`, `postmigrate`, …: what query-status says. */
export const runState = async (guest: CaseGuest): Promise<string> =>
  (await ask(guest.qmp, 'query-status', status)).status;

/**
 * Migrates the guest to another QEMU that has its DIMMs, and returns the guest there. What it had before is no longer
 * to be used. Ends the case where the migration fails or takes longer than an operation may. The case says `moves:
 * true`. Source: docs/devel/migration of QEMU.
 */
export async function migrate(guest: CaseGuest, given: Given, moved: Moved = 'running'): Promise<CaseGuest> {
  return arrive(
    guest,
    await send(guest, given, moved),
    `migrated, ${moved}, to a QEMU that has its devices by ${given}`,
  );
}

/** The guest where it was sent; ends the case where it didn't get there. */
export async function arrive(
  guest: CaseGuest,
  {migration: {words, ...ends}, to, moved}: Sent,
  title: string,
): Promise<CaseGuest> {
  guest.session.checks.require(
    ends,
    {from: 'completed', to: 'completed'},
    'how the migration ended',
    words || "QEMU's events MIGRATION on both sides",
  );
  await leave(guest);
  if (moved === 'stopped') await qmpOf(to.vmm).execute('cont');
  return new CaseGuest(await nextOf(guest).begin(to, title));
}

/** Tries a migration that may fail, to a QEMU that ends where it does. The guest stays here. A step. */
export async function tryMigrate(guest: CaseGuest, given: Given): Promise<Migration> {
  return guest.step(
    `migrate to a QEMU that has the DIMMs by ${given}`,
    async () => (await send(guest, given, 'running')).migration,
  );
}

interface Sent {
  readonly migration: Migration;
  readonly to: Clone;
  readonly moved: Moved;
}

/**
 * Also QEMU's arguments for devices that are no memory; and what is waited for before the migration may take its
 * course: until then it crawls.
 */
interface Further {
  readonly devices?: readonly string[];
  readonly first?: () => Promise<unknown>;
}

/** Sends the guest to another QEMU, and waits for the end on both sides, whichever it is. */
export async function send(
  guest: CaseGuest,
  given: Given,
  moved: Moved,
  {devices = [], first}: Further = {},
): Promise<Sent> {
  const {
    qmp,
    session: {
      limits: {operationMs},
    },
  } = guest;
  const to = await launchWith(guest, await dimmsOf(guest), given, 'incoming', devices);
  for (const one of [qmpOf(to.vmm), qmp]) await saveAll(one);
  await limit(qmp, first ? CRAWLING : UNLIMITED);
  if (moved === 'stopped') await qmp.execute('stop');
  const [here, there] = [qmp.events.mark(), qmpOf(to.vmm).events.mark()];
  await qmpOf(to.vmm).execute('migrate-incoming', {uri: SOCKET});
  nextOf(guest).mayEnd(to); // as QEMU does when what comes in is not for it
  await qmp.execute('migrate', {uri: SOCKET});
  if (first) {
    await first();
    await limit(qmp, UNLIMITED);
  }
  const from = await ended(qmp, here, operationMs);
  if (from === 'completed')
    return {migration: {from, to: await ended(qmpOf(to.vmm), there, operationMs), words: ''}, to, moved};
  const words = clean((await ask(qmp, 'query-migrate', failure))['error-desc'] ?? '', 500);
  await to.close();
  return {migration: {from, to: 'ended', words}, to, moved};
}

/** The guest has left this QEMU, which ends. */
export async function leave({session}: CaseGuest): Promise<void> {
  session.next?.mayEnd(session.clone);
  await session.clone.close();
}

/** The DIMMs that were plugged: those that the machine profile doesn't have. */
export async function dimmsOf(guest: CaseGuest): Promise<MemoryDevice[]> {
  const {profile} = guest.session.clone.template.config;
  const own = new Set(profile.devices.map(({id}) => id));
  return (await queryDevices(guest.qmp)).filter(({id}) => !own.has(id));
}

/** Another QEMU of the same machine with these DIMMs, and with the same disk. */
export async function launchWith(
  guest: CaseGuest,
  dimms: readonly MemoryDevice[],
  given: Given,
  starts: 'incoming' | 'stopped',
  devices: readonly string[] = [],
): Promise<Clone> {
  const to = await nextOf(guest).launch({
    starts,
    devices: [...(given === 'command line' ? dimms.flatMap((dimm) => argumentsOf(dimm)) : []), ...devices],
  });
  if (given !== 'device_add') return to;
  for (const {id, memdev, size, slot, address, node} of dimms) {
    await qmpOf(to.vmm).execute('object-add', {'qom-type': 'memory-backend-ram', id: backendOf(memdev), size});
    await qmpOf(to.vmm).execute('device_add', {
      driver: 'pc-dimm',
      id,
      memdev: backendOf(memdev),
      slot,
      addr: address,
      node,
    });
  }
  return to;
}

/** What a DIMM is on QEMU's command line, at the place that it has. */
function argumentsOf({id, memdev, size, slot, address, node, type}: MemoryDevice): string[] {
  if (type !== 'dimm') throw new Broken(`${id} is a ${type}: only DIMMs can be given to another QEMU`);
  return [
    '-object',
    `memory-backend-ram,id=${backendOf(memdev)},size=${size}`,
    '-device',
    `pc-dimm,id=${id},memdev=${backendOf(memdev)},slot=${slot},addr=${address},node=${node}`,
  ];
}

/** QEMU names a backend by its path. */
const backendOf = (memdev: string): string => memdev.replace(/^\/objects\//, '');

/** Nothing is to be left out of what is saved or sent: a clone was loaded with its RAM left out. */
export const saveAll = (qmp: Qmp): Promise<unknown> =>
  qmp.execute('migrate-set-capabilities', {
    capabilities: [
      {capability: 'events', state: true},
      {capability: 'x-ignore-shared', state: false},
    ],
  });

/**
 * Bytes a second: nothing is to slow a migration down, QEMU's limit is meant for networks; or it is to be all but held.
 */
const [UNLIMITED, CRAWLING] = [TiB, 16 * KiB];

const limit = (qmp: Qmp, bandwidth: number): Promise<unknown> =>
  qmp.execute('migrate-set-parameters', {'max-bandwidth': bandwidth});

async function ended(qmp: Qmp, mark: number, ms: number): Promise<string> {
  const isLast = (value: unknown): boolean => value === 'completed' || value === 'failed';
  const last = await qmp.events.next(
    mark,
    'MIGRATION (completed or failed)',
    ({event, data}) => event === 'MIGRATION' && isLast(data['status']),
    ms,
  );
  return String(last.data['status']);
}

/** How this guest gets on to a next life. */
export function nextOf(guest: CaseGuest): NextLife {
  const {next} = guest.session;
  if (!next) throw new Broken("this guest can't be moved");
  return next;
}
