import {z} from 'zod';
import {ask} from '../qemu/qmp/ask.ts';
import type {Qmp} from '../qemu/qmp/client.ts';

const balloon = z.object({actual: z.int()});

/** Bytes that QEMU counts as the guest's: boot RAM and what is plugged, less what is in the balloon. Throws QmpError where there is no balloon. */
export const balloonActual = async (qmp: Qmp): Promise<number> => (await ask(qmp, 'query-balloon', balloon)).actual;

/**
 * Sets what the guest is to have left, boot RAM and plugged memory together, and waits until it has: for QEMU's event
 * with exactly that. Throws DeadlineError where the guest stops short.
 */
export async function balloonTo(qmp: Qmp, bytes: number, ms: number): Promise<void> {
  if ((await balloonActual(qmp)) === bytes) return;
  const mark = qmp.events.mark();
  await qmp.execute('balloon', {value: bytes});
  await qmp.events.next(
    mark,
    `BALLOON_CHANGE to ${bytes}`,
    ({event, data}) => event === 'BALLOON_CHANGE' && data['actual'] === bytes,
    ms,
  );
}
