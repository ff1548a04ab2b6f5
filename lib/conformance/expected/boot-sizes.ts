import type {GuestBoard} from '../../machine/board/board.ts';
import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from '../guest/guest.ts';

/**
 * Files with sizes that the kernel computes once at boot from the memory that is there then: fork_init() (threads-max,
 * RLIMIT_NPROC), files_maxfiles_init(), pid_idr_init(), inotify_user_setup() (since 5.11), tcp_init_mem(), the hash
 * tables of alloc_large_system_hash().
 */
const FIXED = [
  'kernel/threads-max',
  'kernel/pid_max',
  'fs/file-max',
  'fs/inotify/max_user_watches',
  'fs/epoll/max_user_watches',
  'user/max_user_namespaces',
  'net/ipv4/tcp_mem',
  'net/ipv4/udp_mem',
  'net/ipv4/tcp_max_tw_buckets',
] as const;

/** Those of them that every kernel has; others depend on its config. */
const ALWAYS = ['kernel/threads-max', 'kernel/pid_max', 'fs/file-max'];

/** What has its size from boot. */
export async function fixedSizes(guest: CaseGuest): Promise<Record<string, string>> {
  const said = await guest.sh(`cd /proc/sys && for f in ${FIXED.join(' ')}; do [ ! -e $f ] || echo "$f=$(cat $f)"; done
    sed -n 's/^Max processes *\\([0-9]*\\) .*/processes of init=\\1/p' /proc/1/limits
    df -k /dev/shm | sed -n 's/^tmpfs *\\([0-9]*\\) .*/\\/dev\\/shm in kB=\\1/p'`);
  const pairs = said
    .trim()
    .split('\n')
    .map((line): [string, string] => [
      line.slice(0, line.indexOf('=')),
      line.slice(line.indexOf('=') + 1).replaceAll('\t', ' '),
    ]);
  const told = new Map(pairs);
  const silent = [
    ...ALWAYS.filter((name) => !told.has(name)),
    ...pairs.flatMap(([name, value]) => (value ? [] : name)),
  ];
  if (silent.length > 0) throw new Broken(`the guest has not told all sizes: "${said.slice(0, 300)}"`);
  return Object.fromEntries(pairs);
}

/** kB of a tmpfs that is mounted now, without a size. */
export const newTmpfs = async (guest: CaseGuest): Promise<number> =>
  Number(
    await guest.sh(
      `mkdir -p /run/memhp.size && mount -t tmpfs none /run/memhp.size && df -k /run/memhp.size | sed -n ` +
        `'s/^none *\\([0-9]*\\) .*/\\1/p' && umount /run/memhp.size`,
    ),
  );

/** Sizes that follow the memory that there is, in the kernel's own units. */
export async function growingSizes(
  guest: CaseGuest,
): Promise<{minFreeKiB: number; commitLimitKiB: number; dirtyThreshold: number; dirtyBackground: number}> {
  const said = await guest.sh(
    'cat /proc/sys/vm/min_free_kbytes; sed -n "s/^CommitLimit: *\\([0-9]*\\) kB/\\1/p" /proc/meminfo; sed ' +
      '-n "s/^nr_dirty_threshold //p; s/^nr_dirty_background_threshold //p" /proc/vmstat',
  );
  const [minFreeKiB = NaN, commitLimitKiB = NaN, dirtyThreshold = NaN, dirtyBackground = NaN] = said
    .trim()
    .split('\n')
    .map(Number);
  if ([minFreeKiB, commitLimitKiB, dirtyThreshold, dirtyBackground].some(Number.isNaN))
    throw new Broken(`the guest has not told its sizes: "${said.slice(0, 200)}"`);
  return {minFreeKiB, commitLimitKiB, dirtyThreshold, dirtyBackground};
}

/** Is khugepaged at work? It asks for more free memory than the kernel would by itself. */
export const hugePagesOn = async (guest: CaseGuest): Promise<boolean> =>
  !/\[never\]|^$/.test((await guest.read('/sys/kernel/mm/transparent_hugepage/enabled')) ?? '');

/**
 * min_free_kbytes with khugepaged: two pageblocks for each zone that user space's unmovable pages come from, that is
 * all populated ones but Movable, and nine for the migrate types of each. Source: set_recommended_min_free_kbytes() in
 * mm/khugepaged.c; since 5.10 after each plug as well (4aab2be09830).
 */
export const recommendedMinFree = (zones: number, {pageblock}: Pick<GuestBoard, 'pageblock'>): number =>
  (zones * (2 + 9) * pageblock) / 1024;
