import {z} from 'zod';
import {ask} from '../../vmm/qemu/qmp/ask.ts';
import {plugReport} from '../../vmm/qemu/devices/dimm.ts';
import type {QemuAnswer} from '../guest/access.ts';
import {additionInLog} from '../guest/dlpar.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** A command of the machine protocol, or a line of the human monitor. */
export type Question = string | {readonly command: string; readonly args: object};

/** Puts a question to QEMU that it may refuse. Where it plugs a DIMM, waits until the guest has answered. A step. */
export function askMonitor(guest: CaseGuest, question: Question): Promise<QemuAnswer> {
  const text = typeof question === 'string' ? question : `${question.command} ${JSON.stringify(question.args)}`;
  return guest.step(`ask QEMU: ${text}`, async () => {
    const heard = guest.board.dimms === 'dlpar' ? await additionInLog(guest) : hearsReport(guest);
    if (typeof question === 'string') {
      const words = await guest.qmp.hmp(question); // the human monitor answers a command that worked with nothing
      return {accepted: words === '', words};
    }
    const answer = await guest.tryQemu(() => guest.qmp.execute(question.command, question.args));
    const {id, driver} = question.args as {id?: string; driver?: string};
    if (answer.accepted && driver === 'pc-dimm' && id !== undefined) await heard(id);
    return answer;
  });
}

/** To be called before a DIMM is plugged, and what it returns afterwards: waits for the guest's _OST report. */
function hearsReport(guest: CaseGuest): (id: string) => Promise<unknown> {
  const mark = guest.qmp.events.mark();
  return (id) => plugReport(guest.qmp, mark, id, guest.session.limits.operationMs);
}

const memdevs = z.array(z.object({id: z.string().optional()}));

/** Ids of QEMU's memory backends, sorted. */
export const backendIds = async (guest: CaseGuest): Promise<string[]> =>
  (await ask(guest.qmp, 'query-memdev', memdevs)).map(({id}) => id ?? '').sort();
