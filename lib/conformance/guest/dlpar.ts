import type {GuestSays, MemoryDevice, PlugAnswer, Vmm} from '../../vmm/vmm.ts';
import {LMB} from '../../vmm/qemu/dlpar/dlpar.ts';
import {Broken} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';
import {blocksOf} from '../expected/device-blocks.ts';
import type {Checks} from '../verdict/checks.ts';
import type {WriteResult} from '../../guest/write.ts';
import {PARAMETERS, SYSFS_MEMORY} from './sysfs.ts';

/** What is asked of a guest here: GuestAccess has it. */
interface Guest {
  readonly blockSize: number;
  readonly checks: Checks;
  readonly vmm: Pick<Vmm, 'name' | 'devices'>;
  sh(script: string): Promise<string>;
  read(file: string): Promise<string | undefined>;
  put(file: string, word: string): Promise<WriteResult>;
}

/** Every line of the kernel's about adding and removing memory by DLPAR, and nothing else. */
const LINES = "dmesg | grep 'pseries-hotplug-mem: '";
const ADDED = 'was hot-added';

/** How many of them there are. */
const linesNow = async (guest: Guest): Promise<number> => Number((await guest.sh(`${LINES} | wc -l`)).trim());

/** The first line behind so many that a pattern (of grep -E) fits, waiting for it. */
async function lineBehind(guest: Guest, before: number, pattern: string): Promise<string> {
  const line = await guest.sh(`until ${LINES} | tail -n +${before + 1} | grep -m 1 -E '${pattern}'; do :; done`);
  return clean(line, 500)
    .trim()
    .replace(/^\[[^\]]*\] */, '');
}

const lastPart = ({address, size}: MemoryDevice): string => `Memory at ${(address + size - LMB).toString(16)} `;

/**
 * To be called before a DIMM is plugged, and what it returns afterwards: waits until the guest's kernel has said in its
 * log how that went, and gives that line: QEMU is told nothing. It says so of each logical memory block at the end, or
 * once that all are given back. Throws DeadlineError where it says neither.
 */
export async function additionInLog(guest: Guest): Promise<(id: string) => Promise<string>> {
  const before = await linesNow(guest);
  return async (id) => {
    const device = (await guest.vmm.devices()).find((one) => one.id === id);
    if (!device) throw new Broken(`${guest.vmm.name} has taken the device ${id}, and doesn't list it`);
    return lineBehind(guest, before, `${lastPart(device)}.* ${ADDED}|indexed-count-add failed|is reserved`);
  };
}

/** Plugs a DIMM, and waits until the guest's log tells how that went. */
export async function answerInLog(guest: Guest, id: string, plug: () => Promise<PlugAnswer>): Promise<PlugAnswer> {
  const heard = await additionInLog(guest);
  const answer = await plug();
  const line = await heard(id);
  const taken = line.endsWith(ADDED);
  return {...answer, taken, words: taken ? ADDED : line, success: ADDED, by: 'its log'};
}

/**
 * To be called before a DIMM's removal is asked for, and what it returns afterwards: waits until the kernel has said in
 * its log that all is removed, or that it couldn't and every block is back. By then QEMU has been told, if it is.
 */
export async function removalInLog(guest: Guest, device: MemoryDevice): Promise<GuestSays> {
  const before = await linesNow(guest);
  return async () => {
    const end = `${lastPart(device)}.* was hot-removed|indexed-count-remove failed|is reserved`;
    if ((await lineBehind(guest, before, end)).endsWith('was hot-removed')) return 'removed';
    for (const id of blocksOf(device, guest.blockSize))
      await guest.sh(`until [ -e ${SYSFS_MEMORY}/memory${id} ]; do :; done`);
    return 'refused';
  };
}

/**
 * Does something by which the kernel is asked to remove memory, and waits until it has handled that, also where it says
 * nothing of the end. The next request waits for the lock under which one is handled, from before the line by which it
 * begins (dlpar_memory() in arch/powerpc/platforms/pseries/hotplug-memory.c); asking for nothing changes nothing.
 */
export async function handledByDlpar(guest: Guest, ask: () => Promise<unknown>): Promise<void> {
  const before = await linesNow(guest);
  await ask();
  await lineBehind(guest, before, 'Attempting to hot-remove');
  const {errno} = await guest.put('/sys/kernel/dlpar', 'memory remove count 0');
  if (errno !== 'EINVAL') throw new Broken(`asked by DLPAR to remove nothing, the kernel says ${errno}, not EINVAL`);
}

/** What makes a kernel online into ZONE_MOVABLE what it onlines by itself. */
const INTO_MOVABLE = {online_policy: 'auto-movable', auto_movable_ratio: '100000', auto_movable_numa_aware: 'N'};

/**
 * Does something while the guest onlines memory into ZONE_MOVABLE, and puts the parameters back: blocks that DLPAR
 * onlines can then be offlined again, because nothing of the kernel's own comes to lie in them. Nothing is set before
 * 5.15, which has no such parameters.
 */
export async function intoMovable<T>(guest: Guest, action: () => Promise<T>): Promise<T> {
  const files = Object.keys(INTO_MOVABLE).map((name) => `${PARAMETERS}/${name}`);
  const before: [string, string][] = [];
  for (const file of files) {
    const value = await guest.read(file);
    if (value !== undefined) before.push([file, value.trim()]);
  }
  if (before.length < files.length) return action();
  const write = async (file: string, word: string): Promise<void> => {
    const {words} = await guest.put(file, word);
    guest.checks.require(words, '', `${file} takes ${word}`);
  };
  for (const [i, word] of Object.values(INTO_MOVABLE).entries()) await write(files[i] ?? '', word);
  const result = await action();
  for (const [file, word] of before) await write(file, word);
  return result;
}
