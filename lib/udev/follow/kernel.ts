import type {Guest} from '../guest.ts';
import type {Oracle} from './explore.ts';
import {isFrom, kstrtobool} from './kstrtobool.ts';
import {targetOf} from './paths.ts';
import {dependency, isKnown, oneOfWords, unknown} from './unknown.ts';

export type Zone = 'default' | 'kernel' | 'Movable';

/** A block as the event finds it. */
export interface Found {
  readonly block: number;
  readonly state: 'online' | 'offline';
  /** In Movable, where it is known to be. */
  readonly movable?: boolean | undefined;
  /** The kernel's policy onlines it while udevd looks at its rules. */
  readonly racing?: boolean | undefined;
}

/** A try to change something that belongs to the kernel. */
export interface Attempt<By> {
  readonly by: By;
  readonly block: number | undefined;
  readonly file: string;
  /** What was written; undefined: a word that the kernel does not know. */
  readonly word: string;
  readonly errno: string | undefined;
  readonly changed: boolean;
}

const WORDS: Readonly<Record<string, Zone | undefined>> = {
  online: 'default',
  online_kernel: 'kernel',
  online_movable: 'Movable',
  offline: undefined,
};
const RACE = 'whether the kernel or udevd comes first';

/** The files of memory blocks and what writing to them does: drivers/base/memory.c and core.c. */
export class Kernel<By> {
  readonly attempts: Attempt<By>[] = [];
  policy: string;
  onlinePolicy: string | undefined;
  state: 'online' | 'offline';
  zone: Zone | undefined;
  by: By | 'kernel' | undefined;
  /** The last word that was refused since: `state` keeps it, and `online` onlines by it. */
  private kept: string | undefined;
  private racing: boolean;
  private readonly guest: Guest;
  private readonly oracle: Oracle;
  readonly found: Found | undefined;

  constructor(guest: Guest, found: Found | undefined, oracle: Oracle) {
    this.guest = guest;
    this.found = found;
    this.oracle = oracle;
    this.policy = guest.policy;
    this.state = found?.state ?? 'online';
    this.racing = found?.racing === true;
    if (this.racing) this.onlineByPolicy();
  }

  /** Blocks that are there: one of the guest's first memory, and the one that the event is about. */
  get blocks(): readonly number[] {
    return [...new Set([0, this.found?.block ?? 0])];
  }

  /** What a file says; undefined where it is not there, or has nothing to do with memory. */
  read(path: string): string | undefined {
    const target = targetOf(path);
    if (target.kind === 'policy') return this.policy;
    if (target.kind === 'online_policy') return this.onlinePolicy ?? unknown("the kernel's online_policy");
    if (target.kind !== 'block') return undefined;
    const {file, block} = target;
    if (file === 'state') return this.stateOf(block);
    if (file === 'online') return this.stateOf(block) === 'online' ? '1' : '0';
    if (file === 'phys_index') return block.toString(16).padStart(8, '0');
    if (file === 'uevent') return '';
    return ['removable', 'phys_device', 'valid_zones'].includes(file)
      ? unknown(`${file} of memory${block}`)
      : undefined;
  }

  private stateOf(block: number): string {
    if (block !== this.found?.block)
      return block === 0 ? 'online' : this.oracle.choose(`the state of memory${block}`, 'state', ['online', 'offline']);
    if (!this.racing) return this.state;
    const seen = this.oracle.choose(RACE, `state ${this.attempts.length}`, ['offline', 'online']);
    if (seen === 'online') this.racing = false;
    return seen;
  }

  /** Writes to a file as a rule or a program does: an error, or undefined where it was taken. */
  write(path: string, text: string, by: By): string | undefined {
    const target = targetOf(path);
    if (target.kind === 'policy') return this.writePolicy(text, by);
    if (target.kind === 'online_policy') {
      const word = isKnown(text) ? text.replace(/\n$/, '') : text;
      const taken =
        !isKnown(word) || (['contig-zones', 'auto-movable'].includes(word) && isFrom(this.guest.kernel, 5, 15));
      if (taken) this.onlinePolicy = word;
      return this.told({
        by,
        block: undefined,
        file: 'online_policy',
        word,
        errno: taken ? undefined : 'EINVAL',
        changed: taken,
      });
    }
    if (target.kind !== 'block') return undefined;
    const {block, file} = target;
    if (file !== 'state' && file !== 'online') return file === 'uevent' ? undefined : 'EACCES';
    const word = isKnown(text) && text.endsWith('\n') ? text.slice(0, -1) : text;
    if (block !== this.found?.block) {
      const known =
        file === 'state'
          ? isKnown(word) && !(word in WORDS)
          : isKnown(word) && kstrtobool(word, this.guest.kernel) === undefined;
      const refused = known || (block === 0 && file === 'state' && word !== 'offline');
      return this.told({by, block, file, word, errno: refused ? 'EINVAL' : undefined, changed: false});
    }
    this.racing = false; // a write waits for the lock that the kernel holds until the block is online
    return file === 'state' ? this.writeState(block, word, by) : this.writeOnline(block, word, by);
  }

  private writeState(block: number, text: string, by: By): string | undefined {
    const word = oneOfWords(text, Object.keys(WORDS), this.oracle);
    const refused = (): string | undefined =>
      this.told({by, block, file: 'state', word: word ?? text, errno: 'EINVAL', changed: false});
    if (word === undefined) return refused();
    if (word === 'offline') return this.state === 'offline' ? refused() : this.offline(block, 'state', word, by);
    this.kept = word;
    return this.state === 'online' ? refused() : this.online(block, 'state', word, by);
  }

  private writeOnline(block: number, text: string, by: By): string | undefined {
    const on = isKnown(text)
      ? kstrtobool(text, this.guest.kernel)
      : this.oracle.choose(dependency(text), `${text} as a switch`, [true, false, undefined]);
    if (on === undefined) return this.told({by, block, file: 'online', word: text, errno: 'EINVAL', changed: false});
    if (on === (this.state === 'online'))
      return this.told({by, block, file: 'online', word: text, errno: undefined, changed: false});
    return on ? this.online(block, 'online', text, by) : this.offline(block, 'online', text, by);
  }

  private online(block: number, file: string, word: string, by: By): string | undefined {
    this.state = 'online';
    this.zone = WORDS[this.kept ?? 'online'];
    this.kept = undefined;
    this.by = by;
    return this.told({by, block, file, word, errno: undefined, changed: true});
  }

  /** A block in Movable can be emptied; of others it depends on what is on them. */
  private offline(block: number, file: string, word: string, by: By): string | undefined {
    const movable = this.zone === 'Movable' || (this.zone === undefined && this.found?.movable === true);
    const empties =
      movable ||
      this.oracle.choose(`whether memory${block} can be emptied`, `offline ${this.attempts.length}`, [true, false]);
    if (!empties) return this.told({by, block, file, word, errno: 'EBUSY', changed: false});
    this.state = 'offline';
    this.zone = undefined;
    this.by = by;
    return this.told({by, block, file, word, errno: undefined, changed: true});
  }

  private writePolicy(text: string, by: By): string | undefined {
    const words = isFrom(this.guest.kernel, 5, 8) ? Object.keys(WORDS) : ['online', 'offline'];
    const word = oneOfWords(isKnown(text) ? text.replace(/\n$/, '') : text, words, this.oracle);
    if (word !== undefined) this.policy = word;
    return this.told({
      by,
      block: undefined,
      file: 'auto_online_blocks',
      word: word ?? text,
      errno: word === undefined ? 'EINVAL' : undefined,
      changed: word !== undefined,
    });
  }

  private onlineByPolicy(): void {
    this.state = 'online';
    this.zone = WORDS[this.policy];
    this.by = 'kernel';
  }

  private told(attempt: Attempt<By>): string | undefined {
    this.attempts.push(attempt);
    return attempt.errno;
  }
}
