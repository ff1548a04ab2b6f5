import type {PlugAnswer} from '../../vmm/vmm.ts';
import {LMB} from '../../vmm/qemu/dlpar/dlpar.ts';
import {Broken} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';
import type {GuestAccess} from './access.ts';

/** Every line of the kernel's about adding and removing memory by DLPAR, and nothing else. */
const LINES = "dmesg | grep 'pseries-hotplug-mem: '";
const ADDED = 'was hot-added';

/**
 * Plugs a DIMM, and waits until the guest's kernel has said in its log how that went: QEMU is told nothing. It says so of
 * each logical memory block at the end, or once that all are given back. Throws DeadlineError where it says neither.
 */
export async function answerInLog(
  guest: GuestAccess,
  id: string,
  plug: () => Promise<PlugAnswer>,
): Promise<PlugAnswer> {
  const before = Number((await guest.sh(`${LINES} | wc -l`)).trim());
  const answer = await plug();
  const device = (await guest.vmm.devices()).find((one) => one.id === id);
  if (!device) throw new Broken(`${guest.vmm.name} has taken the device ${id}, and doesn't list it`);
  const last = (device.address + device.size - LMB).toString(16);
  const end = `Memory at ${last} .* ${ADDED}|indexed-count-add failed|is reserved`;
  const said = await guest.sh(
    `until ${LINES} | tail -n +${before + 1} | grep -E '${end}'; do :; done`,
  );
  const line = clean(said, 500).trim().replace(/^\[[^\]]*\] */, '');
  const taken = line.endsWith(ADDED);
  return {...answer, taken, words: taken ? ADDED : line, success: ADDED, by: 'its log'};
}
