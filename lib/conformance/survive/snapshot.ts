import {qmpOf} from '../../vmm/qemu/qemu.ts';
import {queryDevices} from '../../vmm/qemu/view.ts';
import {Broken} from '../../util/errors.ts';
import {CaseGuest} from '../guest/guest.ts';
import {dimmsOf, launchWith, leave, nextOf, saveAll, type Given} from './migrate.ts';

/**
 * Saves the guest, its memory and its disk in the disk's file by the monitor's savevm, and goes on. Ends the case where
 * QEMU refuses. Needs `disk`, and `moves: true`. A step.
 */
export async function saveVm(guest: CaseGuest, tag: string): Promise<void> {
  const words = await guest.step(`savevm ${tag}`, async () => {
    await saveAll(guest.qmp);
    return guest.qmp.hmp(`savevm ${tag}`);
  });
  guest.session.checks.require(words, '', `QEMU's answer to savevm ${tag}`);
}

/**
 * Ends this QEMU, and loads what was saved into another one that has the DIMMs which this one has now. Returns the
 * guest there; QEMU's words where it refuses to load.
 */
export async function loadVm(guest: CaseGuest, tag: string, given: Given): Promise<CaseGuest | string> {
  const dimms = await dimmsOf(guest);
  await leave(guest); // its disk can be opened once it is gone
  const to = await launchWith(guest, dimms, given, 'stopped');
  const words = await qmpOf(to.vmm).hmp(`loadvm ${tag}`);
  if (words !== '') return words;
  await qmpOf(to.vmm).execute('cont');
  return new CaseGuest(await nextOf(guest).begin(to, `loadvm ${tag} in a QEMU that has the DIMMs by ${given}`));
}

/** As loadVm, and ends the case where QEMU refuses. */
export async function mustLoadVm(guest: CaseGuest, tag: string, given: Given): Promise<CaseGuest> {
  const there = await loadVm(guest, tag, given);
  if (typeof there !== 'string') return there;
  guest.session.checks.require(there, '', `QEMU's answer to loadvm ${tag}`);
  throw new Broken(`loadvm ${tag}: ${there}`);
}

/**
 * Loads what was saved where it was saved, without ending QEMU. QEMU's memory devices and the guest's memory blocks
 * then: the two may not agree any more, so nothing is observed.
 */
export async function loadVmInPlace(
  {qmp, session: {clone, limits}}: CaseGuest,
  tag: string,
): Promise<{words: string; devices: string[]; blocks: number[]}> {
  const words = await qmp.hmp(`loadvm ${tag}`);
  const {stdout} = await clone.shell.run('memhp_states', limits.operationMs);
  return {
    words,
    devices: (await queryDevices(qmp)).map(({id}) => id),
    blocks: [...stdout.matchAll(/^memory(\d+)\/state:/gm)].map(([, id]) => Number(id)).sort((a, b) => a - b),
  };
}
