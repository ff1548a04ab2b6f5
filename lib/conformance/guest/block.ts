import type {WriteResult} from '../../guest/write.ts';
import type {GuestAccess} from './access.ts';

/** Words that online a block when written to `state`. */
export type OnlineWord = 'online' | 'online_kernel' | 'online_movable';

/** One memory block: /sys/devices/system/memory/memoryN. */
export class MemoryBlock {
  readonly id: number;
  readonly name: string;
  readonly #guest: GuestAccess;

  constructor(guest: GuestAccess, id: number) {
    this.#guest = guest;
    this.id = id;
    this.name = `memory${id}`;
  }

  /** `online`, `offline` or `going-offline`, as last observed. */
  get state(): string {
    return this.#guest.view(this.id).state;
  }

  /** The words of valid_zones, as last observed. */
  get validZones(): readonly string[] {
    return this.#guest.view(this.id).validZones;
  }

  /** Writes to a file of the block; the answer may be a refusal. A step. */
  write(file: 'state' | 'online', word: string): Promise<WriteResult> {
    return this.#guest.write(`${this.name}/${file}`, word);
  }

  /** Reads a file of the block now; undefined where that is refused. */
  read(file: string): Promise<string | undefined> {
    return this.#guest.read(`${this.name}/${file}`);
  }

  /** Onlines the block by `state`. Ends the case where the guest refuses. */
  online(word: OnlineWord = 'online'): Promise<void> {
    return this.#mustTake(word);
  }

  /** Offlines the block by `state`. Ends the case where the guest refuses. */
  offline(): Promise<void> {
    return this.#mustTake('offline');
  }

  async #mustTake(word: string): Promise<void> {
    const {errno, words} = await this.write('state', word);
    const {checks} = this.#guest.session;
    checks.require(
      errno === 'none' ? 'none' : `${errno}: ${words}`,
      'none',
      `${this.name}: error when ${word} is written to state`,
    );
    checks.require(this.state, word === 'offline' ? 'offline' : 'online', `${this.name}: state after ${word}`);
  }
}
