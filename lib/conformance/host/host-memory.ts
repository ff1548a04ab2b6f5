import type {Backend} from '../../vmm/qemu/devices/dimm.ts';
import {FILES_FD} from '../../vmm/qemu/channels.ts';
import {parseSmaps, type Mapping} from '../../vmm/qemu/smaps.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {until} from './until.ts';

export type {Mapping} from '../../vmm/qemu/smaps.ts';

/**
 * A backend in a file of that name, in a directory of the case's own on the host. `share`: what the guest writes goes
 * into the file.
 */
export const fileBackend = (name: string, share: boolean): Backend => ({
  'qom-type': 'memory-backend-file',
  'mem-path': `/proc/self/fd/${FILES_FD}/${name}`,
  share,
});

/** A backend of huge pages of that size, from those that the host has reserved. */
export const hugeBackend = (kib: number): Backend => ({
  'qom-type': 'memory-backend-memfd',
  hugetlb: true,
  hugetlbsize: kib * 1024,
});

/** QEMU's mappings of exactly that size: a backend's memory is one of its own. Source: /proc/PID/smaps on the host. */
export async function mappingsOf(guest: CaseGuest, bytes: number): Promise<Mapping[]> {
  guest.insist('vmm:qemu');
  return parseSmaps(await guest.session.clone.hostFile('smaps')).filter(({size}) => size === bytes / 1024);
}

/**
 * The same once there is none, or what is left at the deadline: QEMU frees a backend's memory some time after
 * object-del (RCU).
 */
export const mappingsLeft = (guest: CaseGuest, bytes: number): Promise<Mapping[]> =>
  until(
    guest,
    () => mappingsOf(guest, bytes),
    (mappings) => mappings.length === 0,
  );

/** How often a text is in the file of a backend made by `fileBackend`, on the host. */
export const timesInFile = (guest: CaseGuest, name: string, text: string): Promise<number> =>
  guest.session.clone.hostFind(`fd/${FILES_FD}/${name}`, text);

/** The host's free huge pages of that size in KiB. Source: its sysfs, as QEMU would see it. */
export const freeHugePages = async (guest: CaseGuest, kib: number): Promise<number> =>
  Number(await guest.session.clone.hostFile(`root/sys/kernel/mm/hugepages/hugepages-${kib}kB/free_hugepages`));

/** The same once it is `wanted`, or what it is at the deadline. */
export const freeHugePagesReach = (guest: CaseGuest, kib: number, wanted: number): Promise<number> =>
  until(
    guest,
    () => freeHugePages(guest, kib),
    (count) => count === wanted,
  );
