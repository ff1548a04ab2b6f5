import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** A uevent of a memory block with the number that the kernel gave it. */
export interface NumberedUevent {
  /** `kernel`: as the kernel sent it; `udev`: after udevd has run its rules. */
  readonly from: 'kernel' | 'udev';
  readonly action: string;
  /** `memory32` */
  readonly block: string;
  /** The kernel counts all uevents, of all devices, from boot on. */
  readonly number: number;
}

const FILE = '/run/memhp.numbered';

/**
 * Listens to the memory blocks' uevents with their sequence numbers, from now until the function it returns is called.
 * It ends with an event of its own, sent when udevd has nothing left to do: whatever happened before has arrived then.
 * Needs `command:udevadm`.
 */
export async function listenNumbered(guest: CaseGuest): Promise<() => Promise<NumberedUevent[]>> {
  const first = `memory${guest.now.blocks[0]?.id ?? 0}`;
  await guest.sh(`
    stdbuf -oL udevadm monitor --kernel --udev --property --subsystem-match=memory </dev/null >${FILE} 2>&1 &
    echo $! >${FILE}.pid
    until grep -q '^KERNEL - ' ${FILE}; do kill -0 $! || exit 1; done`);
  return async () => {
    const text = await guest.sh(`
      udevadm settle --timeout=600 || exit
      echo change >/sys/devices/system/memory/${first}/uevent
      until grep -q '^UDEV .* change .*/${first} ' ${FILE}; do kill -0 $(cat ${FILE}.pid) || exit 1; done
      kill $(cat ${FILE}.pid)
      grep -E '^(KERNEL|UDEV) *\\[|^SEQNUM=' ${FILE}`);
    return withoutEnd(parseNumbered(text), first);
  };
}

/** The uevents without the one that was sent to end with. Throws Broken where it isn't among them. */
export function withoutEnd(events: readonly NumberedUevent[], end: string): NumberedUevent[] {
  const isEnd = ({action, block}: NumberedUevent): boolean => action === 'change' && block === end;
  for (const from of ['kernel', 'udev'])
    if (!events.some((event) => event.from === from && isEnd(event)))
      throw new Broken(`no uevent "change" of ${end} by ${from}, which was sent to end with: what was heard is cut`);
  return events.filter((event) => !isEnd(event));
}

/** Parses the heads of `udevadm monitor --property` with the line SEQNUM=N of each. Throws Broken on anything else. */
export function parseNumbered(text: string): NumberedUevent[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines
    .filter((_, i) => i % 2 === 0)
    .map((head, i) => {
      const heading =
        /^(KERNEL|UDEV) *\[\d+\.\d+\] +(\w+) +\/devices\/system\/memory\/(memory(?:0|[1-9]\d*)) \(memory\)$/.exec(head);
      const number = /^SEQNUM=(\d+)$/.exec(lines[i * 2 + 1] ?? '')?.[1];
      if (!heading || number === undefined)
        throw new Broken(
          `not a uevent of a memory block with its number: "${head.slice(0, 120)}", ` +
            `"${(lines[i * 2 + 1] ?? '').slice(0, 60)}"`,
        );
      const [, from, action = '', block = ''] = heading;
      return {from: from === 'KERNEL' ? 'kernel' : 'udev', action, block, number: Number(number)};
    });
}
