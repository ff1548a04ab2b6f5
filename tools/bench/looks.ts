import {observe} from '../../lib/guest/observation.ts';
import {addDimm, plugReport} from '../../lib/vmm/qemu/devices/dimm.ts';
import {writeGuestFile} from '../../lib/guest/write.ts';
import {qmpOf} from '../../lib/vmm/qemu/qemu.ts';
import {boardOf} from '../../lib/machine/board/boards.ts';
import type {Clone} from '../../lib/machine/clone.ts';
import {Broken} from '../../lib/util/errors.ts';
import {timed} from './stats.ts';

/**
 * Whole-guest observations, one after the other, each in ms; the first one is left out, because TCG translates its code
 * in it.
 */
export async function looks(clone: Clone, rounds: number, ms: number, blocks: number): Promise<number[]> {
  const accepted: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const {ms: took, value} = await timed(() =>
      observe(clone.vmm, clone.shell, {page: boardOf(clone.template.config.image.arch).page, ms}),
    );
    if (value.blocks.length !== blocks)
      throw new Broken(`${value.blocks.length} memory blocks where ${blocks} were to be observed`);
    if (round > 0) accepted.push(took);
  }
  return accepted;
}

/**
 * Plugs a DIMM of 127 GiB, whose memory the host need not have: its blocks stay offline. Waits until udevd has handled
 * a thousand of them: what is measured is the look alone.
 */
export async function growTo128GiB({vmm, shell}: Clone, ms: number): Promise<void> {
  const {errno} = await writeGuestFile(shell, '/sys/devices/system/memory/auto_online_blocks', 'offline', ms);
  if (errno !== 'none') throw new Broken(`auto_online_blocks does not take offline: ${errno}`);
  const qmp = qmpOf(vmm);
  const mark = qmp.events.mark();
  await addDimm(qmp, {id: 'big', size: '127G', backend: {'qom-type': 'memory-backend-ram', reserve: false}});
  const status = await plugReport(qmp, mark, 'big', ms);
  if (status !== 0) throw new Broken(`the guest does not take the DIMM of 127 GiB: status ${status}`);
  const settled = await shell.run('udevadm settle --timeout=600', ms);
  if (settled.status !== 0) throw new Broken(`udevd has not handled the new blocks: status ${settled.status}`);
}
