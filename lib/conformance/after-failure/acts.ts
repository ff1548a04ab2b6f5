import {MiB} from '../../util/size.ts';
import type {MemoryDevice} from '../../vmm/vmm.ts';
import type {Json} from '../../results/record.ts';
import type {Dimm} from '../guest/dimm.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {deleteBackend, ostMeaning, unplugDevice} from '../host/qemu.ts';
import type {Act} from './object.ts';

/** A word written to a file of a block. */
export const writeTo = (guest: CaseGuest, id: number, file: 'state' | 'online', word: string): Act => ({
  title: `${word} to memory${id}/${file}`,
  run: async () => (await guest.block(id).write(file, word)).errno,
});

/** A request to take a device out; the backend goes with it. */
export const takeOut = (guest: CaseGuest, id: string): Act => ({
  title: `unplug ${id}`,
  run: async (): Promise<Json> => {
    const {outcome, statuses} = await unplugDevice(guest, id);
    if (outcome === 'removed') await deleteBackend(guest, id);
    return `${outcome}: ${statuses.map((status) => ostMeaning(status)).join(', ')}`;
  },
});

/** A DIMM's id, and where it is; size in bytes. */
export type Place = Readonly<Record<'size' | 'address', number>> & Pick<MemoryDevice, 'id' | 'slot'>;

/** A plug at a certain slot and address; the states of the blocks then. */
export const putBack = (guest: CaseGuest, {id, size, slot, address}: Place): Act => ({
  title: `plug ${id}: slot ${slot ?? 'any'}, 0x${address.toString(16)}`,
  run: async () => {
    const where = slot === null ? {address} : {address, slot};
    return states(await guest.plugDimm({id, size: `${size / MiB}M`, ...where}));
  },
});

const states = (dimm: Dimm): string => dimm.blocks.map(({state}) => state).join(' ');

/** Each block onlined to Movable, from where it can be taken out again. */
export const onlineAll = (guest: CaseGuest, ids: readonly number[]): Act[] =>
  ids.map((id) => writeTo(guest, id, 'state', 'online_movable'));
