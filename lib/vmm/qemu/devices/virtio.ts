import type {PlugAnswer, UnplugAnswer} from '../../vmm.ts';
import type {Qmp} from '../qmp/client.ts';

/**
 * device_del of a virtio device, and the wait for DEVICE_DELETED, or the deadline: a guest that doesn't let it go says
 * nothing. Throws QmpError where QEMU refuses.
 */
export async function deleted(qmp: Qmp, {id}: {readonly id: string}, ms: number): Promise<UnplugAnswer> {
  const mark = qmp.events.mark();
  await qmp.execute('device_del', {id});
  const gone = await qmp.events.nextOrNone(
    mark,
    `DEVICE_DELETED of ${id}`,
    ({event, data}) => event === 'DEVICE_DELETED' && data['device'] === id,
    ms,
  );
  return {outcome: gone ? 'removed' : 'refused', statuses: [], events: qmp.events.since(mark).map(({event}) => event)};
}

/** The answer of a guest whose driver takes the device without one. */
export const unanswered: PlugAnswer = {taken: undefined, words: '', success: '', by: ''};
