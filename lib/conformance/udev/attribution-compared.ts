import {MiB} from '../../util/size.ts';
import type {Onlining} from '../../results/udev.ts';
import type {Dimm} from '../guest/dimm.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {zoneOf} from '../expected/ledger.ts';
import {endUdevd} from './rules.ts';

/**
 * Who onlined a DIMM's blocks, by the same plug in a guest whose udevd is dead: what is online there is so by the
 * kernel's policy, and what is online only here is so because of udevd. Tells nothing of other processes, rules and
 * times. Needs `command:systemctl`.
 */
export async function compareWithout(guest: CaseGuest, dimm: Dimm, other: CaseGuest): Promise<Onlining[]> {
  await endUdevd(other);
  const {policy} = guest.session.first;
  if (policy !== undefined && other.now.policy !== policy) await other.write('auto_online_blocks', policy);
  const twin = await other.plugDimm({id: dimm.id, size: `${dimm.size / MiB}M`});
  return dimm.blocks.map(({id, name, state}, i): Onlining => {
    const without = twin.blocks[i]?.state === 'online';
    const attempts: Onlining['attempts'] =
      state === 'online'
        ? [{by: without ? 'kernel' : 'udev', rule: null, task: '', pid: null, file: null, ms: null, result: 'online'}]
        : [];
    return {block: name, zone: zoneOf(guest.view(id)) ?? null, createdMs: 0, attempts};
  });
}
