import type {Dimm} from '../guest/dimm.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {fillKernelMemory} from '../workload/load.ts';
import {calmKhugepaged} from '../workload/quiet.ts';
import {putBack, takeOut, writeTo} from './acts.ts';
import type {Need} from '../runner/needs.ts';
import type {Act} from './object.ts';

/**
 * The way by which a block's life goes on after it was refused something: its file `online`, its file `state` with a
 * plain `online`, a replug of its DIMM at the same address and slot, or a driver that offlines it for an unplug, is
 * refused the next block, and takes it back.
 */
export type Door = 'online' | 'state' | 'replug' | 'rollback';

/** What a case needs for a door: two of them take the object out, or name the place where it is to be. */
export const NEEDS_OF: Readonly<Record<Door, readonly Need[]>> = {
  state: ['device:dimm', 'memory-hotremove'],
  online: ['device:dimm', 'memory-hotremove'],
  rollback: ['device:dimm', 'memory-hotremove', 'vmm:qemu', 'zone-above-boot'],
  replug: ['device:dimm', 'memory-hotremove', 'vmm:qemu'],
};

/** What is said in a title of a block that goes through each. */
export const DOORS: Readonly<Record<Door, string>> = {
  online: 'taken offline and onlined again by its file online',
  state: 'taken offline and onlined plainly by its file state',
  replug: 'unplugged with its DIMM, and onlined after a plug at the same address and slot',
  rollback: 'offlined for an unplug and taken back',
};

/**
 * Blocks of a DIMM of nine: the second one lies between blocks in Normal, the fifth between Movable ones, the eighth
 * between offline ones. Where the DIMM is to be unplugged nothing of it is in Normal, because what the kernel
 * allocates there stays.
 */
const OBJECTS = [1, 4, 7];
const NEIGHBOURS = [
  [0, 'online_kernel'],
  [2, 'online_kernel'],
  [3, 'online_movable'],
  [5, 'online_movable'],
] as const;

/** A DIMM with three objects that are online to Movable, or offline. */
export async function objectsAmongNeighbours(
  guest: CaseGuest,
  door: Door,
  start: 'online' | 'offline',
): Promise<{dimm: Dimm; objects: number[]}> {
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({id: 'dimm', size: guest.inBlocks(9)});
  for (const [i, word] of NEIGHBOURS) {
    if (door !== 'replug' || word === 'online_movable') await dimm.blocks[i]?.online(word);
  }
  if (door === 'rollback') await fillKernelMemory(guest);
  const objects = OBJECTS.flatMap((i) => dimm.blockIds[i] ?? []);
  if (start === 'online') for (const id of objects) await guest.block(id).online('online_movable');
  return {dimm, objects};
}

/** What is done to blocks of a DIMM, by the door. */
export function lifeOf(guest: CaseGuest, dimm: Dimm, objects: readonly number[], door: Door): Act[] {
  const each = (file: 'state' | 'online', word: string): Act[] => objects.map((id) => writeTo(guest, id, file, word));
  if (door === 'online') return [...each('online', '0'), ...each('online', '1')];
  if (door === 'state') return [...each('state', 'offline'), ...each('state', 'online')];
  if (door === 'rollback') return [takeOut(guest, dimm.id)];
  return [takeOut(guest, dimm.id), putBack(guest, dimm.device), ...each('online', '1')];
}
