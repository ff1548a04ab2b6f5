import {allocator} from '../../guest/allocator.ts';
import type {Shell} from '../../shell/shell.ts';
import {Broken} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';
import {MiB, mib as inBytes} from '../../util/size.ts';
import type {MemoryBlock} from '../guest/block.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** Memory of a process: kinds that lib/guest/allocator.ts describes. 256 pages of `pinned` memory can't be migrated. */
export type AllocatedAs =
  | 'small'
  | 'huge'
  | 'locked'
  | 'pinned'
  | 'registered'
  | 'hugetlb'
  | 'gigantic'
  | 'sparse'
  | 'shared'
  | 'memfd'
  | 'tmpfs'
  | 'disk';

/** Memory of a process in the guest; each page has content of its own. */
export class AllocatedMemory {
  /** Pages of 4 KiB that have content, huge ones counted as what they are made of. */
  readonly pages: number;
  readonly #guest: CaseGuest;
  readonly #dir: string;

  constructor(guest: CaseGuest, pages: number, dir: string) {
    this.#guest = guest;
    this.#dir = dir;
    this.pages = pages;
  }

  /** The same memory of the same guest in its next life: in another QEMU. */
  as(guest: CaseGuest): AllocatedMemory {
    return new AllocatedMemory(guest, this.pages, this.#dir);
  }

  /** How many of its pages lie in these blocks. Source: /proc/PID/pagemap. */
  async pagesIn(...blocks: readonly MemoryBlock[]): Promise<number> {
    const perBlock = this.#guest.pagesOf(this.#guest.blockSize);
    let found = 0;
    for (const {id} of blocks) found += await this.#ask(`where ${id * perBlock} ${(id + 1) * perBlock}`);
    return found;
  }

  /** The page frame number of one of its pages; 0 where it has none. Source: /proc/PID/pagemap. */
  frameOf(page: number): Promise<number> {
    return this.#ask(`frame ${page}`);
  }

  /** KiB of it that are in transparent huge pages. Source: AnonHugePages of /proc/PID/smaps. */
  hugeKiB(): Promise<number> {
    return this.#ask('huge');
  }

  /** How many of its pages don't have their content any more: lost data. Pages that can't be read are among them. */
  changedPages(): Promise<number> {
    return this.#ask('changed');
  }

  /** How many of its pages the kernel can't read for it any more. */
  unreadablePages(): Promise<number> {
    return this.#ask('unreadable');
  }

  /** The number of the signal that ends a process which reads this page; 0 where it can be read. */
  signalOf(page: number): Promise<number> {
    return this.#ask(`touch ${page}`);
  }

  /** Waits until its memory is filled. */
  async ready(): Promise<void> {
    await this.#ask('huge');
  }

  /** Ends the process, so that its memory is free. Not a step; `shell` may be the second one. */
  async release(shell?: Shell): Promise<void> {
    await this.#ask('end', shell);
  }

  async #ask(question: string, shell: Shell = this.#guest.session.clone.shell): Promise<number> {
    const {status, stdout, stderr} = await shell.run(
      `echo ${question} >${this.#dir}/ask && cat ${this.#dir}/answer`,
      this.#guest.session.limits.operationMs,
    );
    if (status !== 0 || stderr !== '' || !/^\d+\n$/.test(stdout))
      throw new Broken(
        `the program that holds memory in the guest answered "${clean(stdout + stderr, 300).trim()}" to ${question}`,
      );
    return Number(stdout);
  }
}

/** Sparse kinds have content in one page of each 2 MiB. */
const pagesWith = (guest: CaseGuest, size: number, as: AllocatedAs): number =>
  as === 'sparse' || as === 'gigantic' ? size / inBytes(2) : guest.pagesOf(size);

/** Lets a process in the guest hold `mib` MiB of memory, filled. A step. Needs `command:perl`. */
export async function allocateMemory(guest: CaseGuest, mib: number, as: AllocatedAs): Promise<AllocatedMemory> {
  return guest.step(`hold ${mib} MiB of memory: ${as}`, async () => {
    const dir = (await guest.sh('mktemp -d /run/memhp.hold.XXXXXX')).trim();
    if (!/^\/run\/memhp\.hold\.\w{6}$/.test(dir)) throw new Broken(`mktemp in the guest answered "${clean(dir, 200)}"`);
    await guest.sh(
      `mkfifo ${dir}/ask ${dir}/answer && cat >${dir}/hold.pl ` +
        (`<<'END_OF_HOLDER'\n${allocator(guest.board)}\nEND_OF_HOLDER\nperl ${dir}/hold.pl ${as} ${mib} ` +
          `${dir} </dev/null >/dev/null 2>&1 &`),
    );
    const allocated = new AllocatedMemory(guest, pagesWith(guest, inBytes(mib), as), dir);
    await allocated.ready();
    return allocated;
  });
}

/** A file of random data in the guest. */
export interface PopulatedFile {
  readonly pages: number;
  /** SHA-256 of what the guest reads now. */
  digest(): Promise<string>;
}

/**
 * Writes `mib` MiB of random data to a file: on a tmpfs, or on the guest's disk, where it is page cache. A step. Needs
 * `command:sha256sum`.
 */
export async function populateFile(guest: CaseGuest, mib: number, on: 'tmpfs' | 'disk'): Promise<PopulatedFile> {
  const dir = on === 'tmpfs' ? '/run/memhp.tmpfs' : '/var/tmp/memhp.disk';
  const mount = on === 'tmpfs' ? `&& mount -t tmpfs -o size=${mib + 1}M none ${dir}` : '';
  await guest.step(`write ${mib} MiB of random data to a file on ${on}`, () =>
    guest.sh(`mkdir -p ${dir} ${mount} && head -c ${mib * MiB} /dev/urandom >${dir}/data`),
  );
  return {pages: guest.pagesOf(inBytes(mib)), digest: async () => (await guest.sh(`sha256sum <${dir}/data`)).trim()};
}
