import type {MemoryDevice, PlugAnswer} from '../../vmm/vmm.ts';
import type {NewDimm} from '../../vmm/qemu/devices/dimm.ts';
import {Broken} from '../../util/errors.ts';
import {GuestAccess} from './access.ts';
import {MemoryBlock} from './block.ts';
import {Dimm} from './dimm.ts';
import {intoMovable} from './dlpar.ts';

/** What is to be done before and after a plug. */
type Around = (plug: () => Promise<PlugAnswer>) => Promise<PlugAnswer>;

/** The guest of a case: its verbs change something and look at everything afterwards; `read…` only reads. */
export class CaseGuest extends GuestAccess {
  #plugged = 0;

  /**
   * Plugs a DIMM and waits until the guest has taken it. Ends the case where QEMU or the guest refuses.
   * `settle` also waits until udevd has run its rules for the new blocks: where they may online them. By DLPAR the
   * kernel onlines the blocks whatever the policy is; under policy offline they are
   * onlined into ZONE_MOVABLE and offlined again, as a step of its own.
   */
  async plugDimm(spec: Partial<NewDimm> & {size: string}, {settle = false} = {}): Promise<Dimm> {
    if (this.board.dimms !== 'dlpar' || this.now.policy !== 'offline') return await this.plugAsItComes(spec, {settle});
    const dimm = await this.plugAsItComes(spec, {settle, how: (plug) => intoMovable(this, plug)});
    await dimm.ensureOffline();
    return dimm;
  }

  /** The same, and its blocks stay as the kernel has put them. */
  async plugAsItComes(
    spec: Partial<NewDimm> & {size: string},
    {settle = false, how = (plug) => plug()}: {settle?: boolean; how?: Around} = {},
  ): Promise<Dimm> {
    const full = {id: `dimm${this.#plugged}`, ...spec};
    this.#plugged += 1;
    const device = await this.step(`plug ${full.id}, ${full.size}`, async () => {
      if (full.via === 'hmp' || full.backend) this.insist('vmm:qemu');
      const plug = (): Promise<PlugAnswer> => this.plug({kind: 'dimm', ...full});
      const answer = await how(plug);
      this.checks.require(answer.words, answer.success, `the guest's answer to the plug of ${full.id} (${answer.by})`);
      if (settle && this.facts.commands.includes('udevadm')) await this.sh('udevadm settle');
      return this.#listed(full.id);
    });
    return new Dimm(this, device);
  }

  /** The DIMM with that QEMU id, which was there before the case began. */
  async findDimm(id: string): Promise<Dimm> {
    return new Dimm(this, await this.#listed(id));
  }

  async #listed(id: string): Promise<MemoryDevice> {
    const device = (await this.vmm.devices()).find((one) => one.id === id);
    if (!device) throw new Broken(`${this.vmm.name} has taken the device ${id}, and doesn't list it`);
    return device;
  }

  /** The first memory block that there is: boot memory begins at 0 on some architectures, higher on others. */
  get firstBlock(): MemoryBlock {
    const [first] = this.now.blocks;
    if (!first) throw new Broken('the guest has no memory blocks');
    return this.block(first.id);
  }

  /** Id of the block in which memory devices begin: the first one of a DIMM that is plugged first. */
  get deviceBlock(): number {
    return this.board.deviceMemory / this.blockSize;
  }

  /** The memory block with that id. */
  block(id: number): MemoryBlock {
    return new MemoryBlock(this, id);
  }
}
