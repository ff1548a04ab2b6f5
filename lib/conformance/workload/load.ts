import {MiB} from '../../util/size.ts';
import type {CaseGuest} from '../guest/guest.ts';

/**
 * Makes the kernel allocate what it can't move: inodes and dentries of 4000 directories in a tmpfs, about 4 MB of
 * slab. New slabs come from the highest kernel zone, so they go to a block in Normal where boot memory is DMA32.
 */
export async function fillKernelMemory(guest: CaseGuest): Promise<void> {
  await guest.step('make 4000 directories in a tmpfs', () =>
    guest.sh(
      'mkdir -p /run/memhp.dirs && mount -t tmpfs none /run/memhp.dirs && cd /run/memhp.dirs && mkdir $(seq 4000)',
    ),
  );
}

/** Files of user data in the guest's memory. */
export interface UserData {
  /** Bytes. */
  readonly size: number;
  /** Does the guest still read what was written? */
  intact(): Promise<boolean>;
}

/** Writes user data of `mib` MiB, which is movable, to a tmpfs. A step. */
export async function fillUserMemory(guest: CaseGuest, mib: number): Promise<UserData> {
  const path = '/run/memhp.data';
  const sum = async (): Promise<string> => guest.sh(`sha256sum <${path}/file`);
  const before = await guest.step(`write ${mib} MiB to a tmpfs`, async () => {
    await guest.sh(
      `mkdir -p ${path} && mount -t tmpfs -o size=${mib + 1}M none ${path} && head -c ${mib * MiB} ` +
        `/dev/urandom >${path}/file`,
    );
    return sum();
  });
  return {size: mib * MiB, intact: async () => (await sum()) === before};
}

/**
 * Writes `mib` MiB of one line of text, over and over, to a tmpfs: 64 bytes each, so that none lies across two pages. A
 * step.
 */
export async function fillText(guest: CaseGuest, mib: number): Promise<{line: string; lines: number}> {
  const line = 'memhp wrote this line in the guest, for the host to look for it'.padEnd(63, '.');
  const path = '/run/memhp.text';
  await guest.step(`write ${mib} MiB of a line of text to a tmpfs`, () =>
    guest.sh(
      `mkdir -p ${path} && mount -t tmpfs -o size=${mib + 1}M none ${path} && yes '${line}' | head -c ` +
        `${mib * MiB} >${path}/file`,
    ),
  );
  return {line, lines: (mib * MiB) / 64};
}
