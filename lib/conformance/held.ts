import {holder} from '../guest/hold.ts';
import type {Shell} from '../shell/shell.ts';
import {Broken} from '../util/errors.ts';
import {clean} from '../util/text.ts';
import type {MemoryBlock} from './block.ts';
import type {CaseGuest} from './guest.ts';
import {PAGE} from './ledger.ts';

/** Small pages; huge pages where the kernel has them; locked by mlock; or pinned: 256 of the pages can't be migrated. */
export type HeldAs = 'small' | 'huge' | 'locked' | 'pinned';

const DIR = '/run/memhp.hold';

/** Anonymous memory of a process in the guest; each page has content of its own. */
export class HeldMemory {
  readonly #guest: CaseGuest;
  /** Pages of 4 KiB, huge ones counted as what they are made of. */
  readonly pages: number;

  constructor(guest: CaseGuest, pages: number) {
    this.#guest = guest;
    this.pages = pages;
  }

  /** How many of its pages lie in a block. Source: /proc/PID/pagemap. */
  pagesIn(block: MemoryBlock): Promise<number> {
    const perBlock = this.#guest.blockSize / PAGE;
    return this.#ask(`where ${block.id * perBlock} ${(block.id + 1) * perBlock}`);
  }

  /** KiB of it that are in huge pages. Source: AnonHugePages of /proc/PID/smaps. */
  hugeKiB(): Promise<number> {
    return this.#ask('huge');
  }

  /** How many of its pages don't have their content any more: lost data. */
  changedPages(): Promise<number> {
    return this.#ask('changed');
  }

  /** Ends the process, so that its memory is free. Not a step; `shell` may be the second one. */
  async release(shell?: Shell): Promise<void> {
    await this.#ask('end', shell);
  }

  async #ask(question: string, shell: Shell = this.#guest.stage.clone.shell): Promise<number> {
    const {stdout, stderr} = await shell.run(`echo ${question} >${DIR}/ask && cat ${DIR}/answer`, this.#guest.stage.limits.operationMs);
    if (!/^\d+\n$/.test(stdout)) throw new Broken(`the program that holds memory in the guest answered "${clean(stdout + stderr, 300).trim()}" to ${question}`);
    return Number(stdout);
  }
}

/** Lets a process in the guest hold `mib` MiB of anonymous memory, filled. A step. Needs `command:perl`. */
export async function holdMemory(guest: CaseGuest, mib: number, as: HeldAs): Promise<HeldMemory> {
  const held = new HeldMemory(guest, (mib * 2 ** 20) / PAGE);
  await guest.step(`hold ${mib} MiB of ${as} anonymous memory`, async () => {
    await guest.sh(`mkdir ${DIR} && mkfifo ${DIR}/ask ${DIR}/answer && cat >${DIR}/hold.pl <<'END_OF_HOLDER'\n${holder}\nEND_OF_HOLDER\nperl ${DIR}/hold.pl ${as} ${mib} ${DIR} </dev/null >/dev/null 2>&1 &`);
    await held.hugeKiB(); // it answers when it has filled its memory
  });
  return held;
}

/** A file of random data in the guest. */
export interface HeldFile {
  readonly pages: number;
  /** SHA-256 of what the guest reads now. */
  digest(): Promise<string>;
}

/** Writes `mib` MiB of random data to a file: on a tmpfs, or on the guest's disk, where it is page cache. A step. Needs `command:sha256sum`. */
export async function holdFile(guest: CaseGuest, mib: number, on: 'tmpfs' | 'disk'): Promise<HeldFile> {
  const dir = on === 'tmpfs' ? '/run/memhp.tmpfs' : '/var/tmp/memhp.disk';
  const mount = on === 'tmpfs' ? `&& mount -t tmpfs -o size=${mib + 1}M none ${dir}` : '';
  await guest.step(`write ${mib} MiB of random data to a file on ${on}`, () =>
    guest.sh(`mkdir -p ${dir} ${mount} && head -c ${mib * 2 ** 20} /dev/urandom >${dir}/data`));
  return {
    pages: (mib * 2 ** 20) / PAGE,
    digest: async () => (await guest.sh(`sha256sum <${dir}/data`)).trim(),
  };
}
