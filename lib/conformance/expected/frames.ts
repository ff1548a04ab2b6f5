import type {MemoryBlock} from '../guest/block.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {Broken} from '../../util/errors.ts';

/**
 * Bits of /proc/kpageflags. Source: include/uapi/linux/kernel-page-flags.h, and fs/proc/page.c for `reserved`;
 * `offline` (since 5.2) are pages of an online block that the guest has not: in the balloon, or not plugged by
 * virtio-mem.
 */
const BITS = {
  lru: 5,
  slab: 7,
  buddy: 10,
  mapped: 11,
  anonymous: 12,
  swapBacked: 14,
  hugetlb: 17,
  poisoned: 19,
  pageTable: 26,
  reserved: 32,
  offline: 23,
} as const;

/**
 * How many page frames of a block have a flag of /proc/kpageflags; `shown` are those that have any but NOPAGE (bit 20):
 * none of memory that isn't online.
 */
export type Frames = Readonly<Record<keyof typeof BITS | 'shown', number>>;

/** Counts the flags of a block's page frames, now. Source: /proc/kpageflags. Needs `command:perl`. */
export async function framesOf(guest: CaseGuest, block: MemoryBlock): Promise<Frames> {
  const count = guest.pagesOf(guest.blockSize);
  const out = await guest.sh(`perl -e '
    my ($first, $count, @bits) = @ARGV;
    open(my $in, "<", "/proc/kpageflags") or die "kpageflags: $!\\n";
    sysseek($in, $first * 8, 0);
    sysread($in, my $flags, $count * 8) == $count * 8 or die "kpageflags is short\\n";
    my @all = unpack("Q*", $flags);
    print scalar(grep { $_ & ~(1 << 20) } @all), "\\n";
    for my $bit (@bits) { print scalar(grep { $_ >> $bit & 1 } @all), "\\n" }
  ' ${block.id * count} ${count} ${Object.values(BITS).join(' ')}`);
  const names = ['shown', ...Object.keys(BITS)];
  const numbers = out.trim().split('\n').map(Number);
  if (numbers.length !== names.length) throw new Broken(`counting page flags printed "${out}"`);
  return Object.fromEntries(names.map((name, i) => [name, numbers[i]])) as Frames;
}
