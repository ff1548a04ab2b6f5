import {GiB} from '../../lib/util/size.ts';
import {qmpOf} from '../../lib/vmm/qemu/qemu.ts';
import {queryBalloon} from '../../lib/vmm/qemu/view.ts';
import {Checks} from '../../lib/conformance/verdict/checks.ts';
import {CaseGuest} from '../../lib/conformance/guest/guest.ts';
import {Session} from '../../lib/conformance/runner/session.ts';
import {writeGuestFile} from '../../lib/guest/write.ts';
import {isPlugReport, ostOf} from '../../lib/vmm/qemu/acpi/ost.ts';
import type {Clone} from '../../lib/machine/clone.ts';
import {Broken} from '../../lib/util/errors.ts';
import {timed} from './stats.ts';

const POLICY = '/sys/devices/system/memory/auto_online_blocks';
/** Of a first DIMM of 1 GiB, at 4 GiB. */
const BLOCKS = Array.from({length: 8}, (_, n) => 32 + n);

/**
 * Plug, online, offline and unplug of 1 GiB as a case does it: each step with its observation, its invariants and its
 * checks. In ms.
 */
export async function ourCycle(clone: Clone, ms: number): Promise<number> {
  const checks = new Checks();
  const session = new Session(clone, checks, {shellMs: ms, operationMs: ms}, {needs: ['device:dimm']});
  await session.begin();
  const guest = new CaseGuest(session);
  await guest.setPolicy('offline');
  const {ms: took} = await timed(async () => {
    const dimm = await guest.plugDimm({size: '1G'});
    await dimm.online('online_movable');
    await dimm.offline();
    await dimm.unplug();
  });
  const wrong = checks.made.filter(({ok}) => !ok).map(({name}) => name);
  if (wrong.length > 0) throw new Broken(`the cycle that is measured does not pass: ${wrong.join('; ')}`);
  return took;
}

/**
 * The same by the shortest script that works, over the same monitor and shell. `steps` is what QEMU and the guest take
 * for the four of them; `looks` is what it takes to fetch, after each, what an observation is made of, without reading
 * it.
 */
export async function floorCycle({vmm, shell}: Clone, ms: number): Promise<{steps: number; looks: number}> {
  const qmp = qmpOf(vmm);
  const took = {steps: 0, looks: 0};
  const look = (): Promise<unknown> =>
    Promise.all([
      shell.run('memhp_observe', ms, 'here'),
      qmp.execute('query-memory-devices'),
      qmp.execute('query-memory-size-summary'),
      queryBalloon(qmp),
    ]);
  const step = async (action: () => Promise<unknown>): Promise<void> => {
    took.steps += (await timed(action)).ms;
    took.looks += (await timed(look)).ms;
  };
  const write = (word: string): Promise<unknown> =>
    shell.run(
      `for n in ${BLOCKS.join(' ')}; do echo ${word} >/sys/devices/system/memory/memory$n/state; done`,
      ms,
      'here',
    );
  await look();
  await writeGuestFile(shell, POLICY, 'offline', ms);
  await look();
  await step(async () => {
    const mark = qmp.events.mark();
    await qmp.execute('object-add', {'qom-type': 'memory-backend-ram', id: 'm0', size: GiB});
    await qmp.execute('device_add', {driver: 'pc-dimm', id: 'd0', memdev: 'm0'});
    await qmp.events.next(mark, 'the report of the plug', (event) => isPlugReport(ostOf(event)), ms);
  });
  await step(() => write('online_movable'));
  await step(() => write('offline'));
  await step(async () => {
    const mark = qmp.events.mark();
    await qmp.execute('device_del', {id: 'd0'});
    await qmp.events.next(mark, 'DEVICE_DELETED', ({event}) => event === 'DEVICE_DELETED', ms);
  });
  return took;
}
