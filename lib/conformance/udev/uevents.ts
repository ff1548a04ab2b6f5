import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** A uevent of a memory block, as `udevadm monitor` prints it. */
export interface Uevent {
  /** `kernel`: as the kernel sent it; `udev`: after udevd has run its rules. */
  readonly from: 'kernel' | 'udev';
  /** Seconds of the guest's monotonic clock. */
  readonly seconds: number;
  readonly action: string;
  /** `memory32` */
  readonly block: string;
}

const FILE = '/run/memhp.uevents';

/**
 * Listens to the memory blocks' uevents, from now until the function it returns is called, which compares what udev
 * told with what the kernel did and returns all. It ends with an event of its own, sent when udevd has nothing left to
 * do: whatever happened before has arrived then. Needs `command:udevadm`.
 */
export async function listen(guest: CaseGuest): Promise<() => Promise<Uevent[]>> {
  const first = `memory${guest.now.blocks[0]?.id ?? 0}`;
  await guest.sh(`
    stdbuf -oL udevadm monitor --kernel --udev --subsystem-match=memory </dev/null >${FILE} 2>&1 &
    echo $! >${FILE}.pid
    until grep -q '^KERNEL - ' ${FILE}; do kill -0 $! || exit 1; done`);
  return async () => {
    const text = await guest.sh(`
      udevadm settle
      echo change >/sys/devices/system/memory/${first}/uevent
      until grep -q '^UDEV .* change .*/${first} ' ${FILE}; do kill -0 $(cat ${FILE}.pid) || exit 1; done
      kill $(cat ${FILE}.pid)
      grep -v ' change .*/${first} ' ${FILE}; true`);
    const events = parseUevents(text);
    const byBlock = events.toSorted((a, b) => a.block.localeCompare(b.block));
    guest.session.checks
      .as('verb')
      .is(
        told(byBlock, 'udev'),
        told(byBlock, 'kernel'),
        'what udev told, block by block',
        'udevd passes each uevent of the kernel on when it has run its rules, those of one device in their order',
      );
    return events;
  };
}

const HEADINGS = [
  'monitor will print the received events for:',
  'UDEV - the event which udev sends out after rule processing',
  'KERNEL - the kernel uevent',
];
const HEADING = new RegExp(`^(?:${HEADINGS.join('|')}|)$`);

/**
 * Parses `KERNEL[12.345678] add /devices/system/memory/memory32 (memory)` lines. Throws Broken on a line that is
 * neither that nor a heading, and without headings.
 */
export function parseUevents(text: string): Uevent[] {
  const missing = HEADINGS.find((heading) => !text.includes(heading));
  if (missing !== undefined) throw new Broken(`udevadm monitor has not said "${missing}": what it printed is cut`);
  return text
    .split('\n')
    .filter((line) => !HEADING.test(line))
    .map((line) => {
      const match =
        /^(KERNEL|UDEV) *\[(\d+\.\d+)\] +(\w+) +\/devices\/system\/memory\/(memory(?:0|[1-9]\d*)) \(memory\)$/.exec(
          line,
        );
      if (!match) throw new Broken(`not a line of udevadm monitor: "${line.slice(0, 120)}"`);
      const [, from, seconds, action = '', block = ''] = match;
      return {from: from === 'KERNEL' ? 'kernel' : 'udev', seconds: Number(seconds), action, block};
    });
}

/** `add memory32` for each event of one origin, in the order of arrival. */
export const told = (events: readonly Uevent[], from: Uevent['from']): string[] =>
  events.filter((event) => event.from === from).map(({action, block}) => `${action} ${block}`);
