import type {MemoryDevice, UnplugAnswer} from '../../vmm/vmm.ts';
import {unplug} from '../../vmm/qemu/devices/dimm.ts';
import {ostMeaning} from '../../vmm/qemu/acpi/ost.ts';
import type {ShellResult} from '../../shell/shell.ts';
import {MemoryBlock, type OnlineWord} from './block.ts';
import {removalInLog} from './dlpar.ts';
import {blocksOf} from '../expected/device-blocks.ts';
import type {Write} from '../verdict/done.ts';
import type {GuestAccess} from './access.ts';

/** A plugged DIMM. */
export class Dimm {
  readonly device: MemoryDevice;
  readonly #guest: GuestAccess;

  constructor(guest: GuestAccess, device: MemoryDevice) {
    this.#guest = guest;
    this.device = device;
  }

  get id(): string {
    return this.device.id;
  }

  /** Bytes. */
  get size(): number {
    return this.device.size;
  }

  /** Ids of the blocks that its address range must have, ascending; derived from QEMU's view alone. */
  get blockIds(): number[] {
    return blocksOf(this.device, this.#guest.blockSize);
  }

  /** Its memory blocks, ascending. */
  get blocks(): MemoryBlock[] {
    return this.blockIds.map((id) => new MemoryBlock(this.#guest, id));
  }

  /** Onlines all blocks with one word, in ascending order, as one step. Ends the case where one is refused. */
  online(word: OnlineWord): Promise<void> {
    return this.#writeAll(word, 'online');
  }

  /** Offlines all blocks, as one step. Ends the case where one is refused. */
  offline(): Promise<void> {
    return this.#writeAll('offline', 'offline');
  }

  /** Makes all blocks offline, wherever the guest's own policy has put them: the starting point of many cases. */
  async ensureOffline(): Promise<void> {
    if (this.blocks.some(({state}) => state !== 'offline')) await this.offline();
  }

  /** Asks for removal, by the machine protocol or the human monitor, and returns how it ended. A step. */
  requestUnplug(via: 'qmp' | 'hmp' = 'qmp'): Promise<UnplugAnswer> {
    return this.#guest.step(`unplug ${this.id}`, () => this.askForUnplug(via));
  }

  /** The same within a step: nothing is observed after it. */
  async askForUnplug(via: 'qmp' | 'hmp' = 'qmp'): Promise<UnplugAnswer> {
    const ms = this.#guest.limits.operationMs;
    const {dimms} = this.#guest.board;
    const guestSays = dimms === 'dlpar' ? await removalInLog(this.#guest, this.device) : undefined;
    if (via === 'qmp') return this.#guest.vmm.unplug(this.device, ms, guestSays);
    return unplug(this.#guest.qmp, this.device, ms, {via, dimms, guestSays});
  }

  /** Unplugs it. Ends the case where the guest refuses. */
  async unplug(via: 'qmp' | 'hmp' = 'qmp'): Promise<UnplugAnswer> {
    const result = await this.requestUnplug(via);
    const {checks} = this.#guest.session;
    checks.require(
      result.outcome,
      'removed',
      `unplug of ${this.id}`,
      `the guest reported ${result.statuses.map((status) => ostMeaning(status)).join(', ')}; QEMU's events: ` +
        result.events.join(', '),
    );
    return result;
  }

  async #writeAll(word: string, state: string): Promise<void> {
    const {checks} = this.#guest.session;
    const names = this.blocks.filter((block) => block.state !== state).map(({name}) => name);
    const refusals = await this.#guest.step(
      `write ${word} to state of ${this.id}'s ${names.length} blocks`,
      async () => {
        const script =
          `for b in ${names.join(' ')}; do echo ${word} >/sys/devices/system/memory/$b/state || echo "$b ` +
          `refused" >&2; done`;
        const did = ({stderr}: ShellResult): Write[] =>
          names.map((name) => ({
            file: `/sys/devices/system/memory/${name}/state`,
            word,
            accepted: !stderr.includes(`${name} refused`),
          }));
        const {status, stdout, stderr} = await this.#guest.session.run(script, {where: 'here', did});
        return status === 0 ? stdout + stderr : `${stdout}${stderr}\nstatus ${status}`;
      },
    );
    checks.require(refusals.trim(), '', `${this.id}: errors when ${word} is written to the state of its blocks`);
    checks.require(
      this.blocks.map((block) => block.state),
      this.blocks.map(() => state),
      `${this.id}: states after ${word}`,
    );
  }
}
