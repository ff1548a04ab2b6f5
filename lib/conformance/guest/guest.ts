import {addDimm, findDevice, plugReport, type DimmSpec} from '../../vmm/devices/dimm.ts';
import {OST_SUCCESS, ostMeaning} from '../../vmm/devices/ost.ts';
import {GuestAccess} from './access.ts';
import {MemoryBlock} from './block.ts';
import {Dimm} from './dimm.ts';

/** The guest of a case: its verbs change something and look at everything afterwards; `read…` only reads. */
export class CaseGuest extends GuestAccess {
  #plugged = 0;

  /**
   * Plugs a DIMM and waits until the guest has taken it. Ends the case where QEMU or the guest refuses.
   * `settle` also waits until udevd has run its rules for the new blocks: where they may online them.
   */
  async plugDimm(spec: Partial<DimmSpec> & {size: string}, {settle = false} = {}): Promise<Dimm> {
    const full = {id: `dimm${this.#plugged}`, ...spec};
    this.#plugged += 1;
    const device = await this.step(`plug ${full.id}, ${full.size}`, async () => {
      const mark = this.qmp.events.mark();
      await addDimm(this.qmp, full);
      const status = await plugReport(this.qmp, mark, full.id, this.session.limits.operationMs);
      this.session.checks.require(
        ostMeaning(status),
        ostMeaning(OST_SUCCESS),
        `the guest's answer to the plug of ${full.id} (_OST)`,
      );
      if (settle && this.facts.commands.includes('udevadm')) await this.sh('udevadm settle');
      return findDevice(this.qmp, full.id);
    });
    return new Dimm(this, device);
  }

  /** The DIMM with that QEMU id, which was there before the case began. */
  async findDimm(id: string): Promise<Dimm> {
    return new Dimm(this, await findDevice(this.qmp, id));
  }

  /** The memory block with that id. */
  block(id: number): MemoryBlock {
    return new MemoryBlock(this, id);
  }
}
