import type {WriteResult} from '../../guest/write.ts';
import {Broken} from '../../util/errors.ts';
import type {MemoryBlock} from './block.ts';
import type {CaseGuest} from './guest.ts';

/** `soft` moves the content of a page elsewhere first; `hard` takes it as lost. */
export type Poison = 'soft' | 'hard';

/** Takes the page with that frame number out of use, by soft_offline_page or hard_offline_page. A step. */
export const poison = (guest: CaseGuest, how: Poison, frame: number): Promise<WriteResult> =>
  guest.write(`${how}_offline_page`, `0x${(frame * guest.board.page).toString(16)}`);

/** KiB of poisoned pages. Source: HardwareCorrupted of /proc/meminfo. */
export const corruptedKiB = (guest: CaseGuest): number => guest.now.meminfo['HardwareCorrupted'] ?? -1;

/** The frame number of the block's last free page. Source: /proc/kpageflags. Needs `command:perl`. */
export async function freeFrame(guest: CaseGuest, block: MemoryBlock): Promise<number> {
  const count = guest.pagesOf(guest.blockSize);
  const out = await guest.sh(`perl -e '
    my ($first, $count) = @ARGV;
    open(my $in, "<", "/proc/kpageflags") or die "kpageflags: $!\\n";
    sysseek($in, $first * 8, 0);
    sysread($in, my $flags, $count * 8) == $count * 8 or die "kpageflags is short\\n";
    my @all = unpack("Q*", $flags);
    for my $i (reverse 0 .. $#all) { if ($all[$i] == 1 << 10) { print $first + $i; last } }
  ' ${block.id * count} ${count}`);
  if (!/^\d+$/.test(out)) throw new Broken(`${block.name} has no free page`);
  return Number(out);
}
