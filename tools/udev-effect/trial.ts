import {z} from 'zod';
import {withClone} from '../bench/guest.ts';
import {LOG_ON} from '../../lib/conformance/udev/log.ts';
import {ARM, TOLD} from '../../lib/conformance/udev/trace.ts';
import type {DimmSpec} from '../../lib/vmm/qemu/devices/dimm.ts';
import type {Clone} from '../../lib/machine/clone.ts';
import {Broken} from '../../lib/util/errors.ts';
import {mib} from '../../lib/util/size.ts';
import {shellQuote} from '../../lib/util/text.ts';
import {sh, type Place, type RuleText, type Tried} from './guest.ts';

/** What a guest told while rules were tried in it; all that a verdict is made of, so that it can be made again. */
export const evidence = z.object({
  /** All processes before the first event. */
  tasks: z.string(),
  /** The memory blocks before the first event and after each. */
  looks: z.string(),
  /** The kernel's trace; empty where udevd did not come to rest. */
  told: z.string(),
  /** udevd's log: `PID message`, a line each. */
  log: z.array(z.string()),
});
export type Evidence = z.infer<typeof evidence>;

/** Bytes in a memory block of these guests. */
const BLOCK = mib(128);

/** Blocks that are there before the rules are: one as the policy left it, and one in the other state. */
export const THERE = [32, 33] as const;
/** Blocks of the DIMM that is plugged when the rules are in force. */
export const PLUGGED = [46, 47] as const;
/** The events, in order: the plug, then `add` again for blocks that are there; the last is memory of the boot. */
export const TRIGGERED = [...THERE, 0] as const;

const MEMORY = '/sys/devices/system/memory';

/**
 * Waits for udevd, and prints all blocks and the policies. A udevd that does not come to rest ends the script; reading
 * zones may wait for ever then.
 */
const look = (name: string): string => `
udevadm settle --timeout=40 || { echo '@restless ${name}'; memhp_states; exit 0; }
echo '@look ${name}'
for b in memory[0-9]*; do
  read -r s <$b/state
  read -r z <$b/valid_zones
  echo "$b $s $z"
done
for p in auto_online_blocks /sys/module/memory_hotplug/parameters/online_policy; do
  if read -r s 2>/dev/null <$p; then echo "\${p##*/}=$s"; fi
done
echo ${name} >$I/trace_marker`;

/** Someone takes one of the two blocks to the other state; from then on the kernel tells of everybody. */
const prepare = (files: readonly RuleText[]): string => `
cd ${MEMORY} && udevadm settle || exit 8
read -r s <memory${THERE[1]}/state
if [ $s = offline ]; then echo online_movable >memory${THERE[1]}/state; else echo offline >memory${THERE[1]}/state; fi || exit 8
udevadm settle || exit 8
${ARM}
echo 'p:memhp/offline device_offline name=+0(+0($arg1)):string' >>$T/kprobe_events &&
echo 'r:memhp/offlined device_offline ret=$retval:s32' >>$T/kprobe_events &&
echo 1 >$I/events/memhp/enable || exit 7
{ ${LOG_ON}; } >/dev/null || exit 8
${files.map(({path, text}) => `mkdir -p ${shellQuote(path.replace(/\/[^/]*$/, ''))} && printf %s ` + `${shellQuote(Buffer.from(text, 'latin1').toString('base64'))} | base64 -d >${shellQuote(path)} || exit 8`).join('\n')}
udevadm control --reload || exit 8
${look('first')}
true`;

const events = `
cd ${MEMORY} && I=/sys/kernel/tracing/instances/memhp
${look('plug')}
${TRIGGERED.map((block) => `udevadm trigger --action=add ${MEMORY}/memory${block} || exit 8\n${look(`memory${block}`)}`).join('\n')}
true`;

/**
 * Messages of udevd about memory blocks. Each worker's come in the order in which it sent them. They are found by the
 * name that the sender gives itself: the unit is looked up by the journal, which knows none where the guest is so slow
 * that the worker has ended before.
 */
const LOGGED = `
journalctl --sync
journalctl -b -o json --output-fields=MESSAGE,_PID SYSLOG_IDENTIFIER=systemd-udevd SYSLOG_IDENTIFIER='(udev-worker)' | grep -E '(^|[^a-z/])memory[0-9]+: |"MESSAGE":\\['
true`;

/** Loads rule files into a fresh clone, plugs a DIMM, and triggers blocks that are there. */
export async function tryRules(
  {subject}: Pick<Place, 'subject'>,
  files: readonly RuleText[],
  policy: Tried,
): Promise<Evidence> {
  const {ms} = subject;
  return await withClone(subject.template, ms, async (guest) => {
    await sh(guest, `echo ${policy} >${MEMORY}/auto_online_blocks`, ms);
    await plug(guest, 'there', THERE, ms);
    const [tasks, first] = split(await sh(guest, prepare(files), ms), '@look first');
    await plug(guest, 'new', PLUGGED, ms);
    const looks = first + (await sh(guest, events, ms));
    if (looks.includes('@restless')) return {tasks, looks, told: '', log: []};
    const told = await sh(guest, TOLD, ms);
    return {tasks, looks, told, log: (await sh(guest, LOGGED, ms)).split('\n').filter(Boolean)};
  });
}

function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Broken(`udevd does not come to rest before anything has happened: "${text.slice(-200)}"`);
  return [text.slice(0, at), text.slice(at)];
}

async function plug({vmm}: Clone, id: string, blocks: readonly [number, number], ms: number): Promise<void> {
  const size = `${(blocks.length * BLOCK) / mib(1)}M`;
  const dimm: DimmSpec = {kind: 'dimm', id, size, address: blocks[0] * BLOCK};
  const {taken, words} = await vmm.plug(dimm, ms);
  if (taken !== true) throw new Broken(`the guest answered the plug of ${id} with status ${words}`);
}
