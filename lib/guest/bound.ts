import {MiB} from '../util/size.ts';
import type {SystemCalls} from './system-calls.ts';

/**
 * A perl program that is bound to a node: bound.pl DIR MIB MODE NODE, where MODE 0 leaves the binding to its cpuset. It
 * waits for files in DIR, each an order, and answers with a file of the same name and `.done`. `fill` writes to each of
 * its pages; `check` counts those that have changed; `pipe` tells the error of a write to a pipe; `more MIB` takes that
 * much memory more. Files in a tmpfs, because a pipe's pages are what a process of a cpuset without kernel zones
 * doesn't get.
 */
export const boundProgram = ({
  machineName,
  page,
  syscalls: {read, mmap, madvise, set_mempolicy},
}: SystemCalls<'read' | 'mmap' | 'madvise' | 'set_mempolicy'>): string => String.raw`
use strict;
use Errno;
my ($dir, $mib, $mode, $node) = @ARGV;
my ($READ, $MMAP, $MADVISE, $SET_MEMPOLICY) = (${read}, ${mmap}, ${madvise}, ${set_mempolicy}); # ${machineName}
my $pages = $mib * ${MiB / page};
my $mask = pack('Q', 1 << $node);
$mode == 0 || syscall($SET_MEMPOLICY, $mode + 0, $mask, 65) == 0 or die "set_mempolicy: $!\n";
my $base;
sub map_memory {
  my ($size) = @_;
  my $area = syscall($MMAP, 0, $size, 3, 0x22, -1, 0);
  $area != -1 && syscall($MADVISE, $area, $size, 15) != -1 or die "mmap: $!\n"; # no huge pages
  return $area;
}
sub content { my ($i) = @_; return pack('NN', $i, $i ^ 0x5bd1e995) x ${page / 8} }
sub write_pages {
  my ($start, $count) = @_;
  open(my $out, '+>', "$dir/page") or die "page: $!\n";
  for my $i (0 .. $count - 1) {
    sysseek($out, 0, 0);
    syswrite($out, content($i)) == ${page} or die "page: $!\n";
    sysseek($out, 0, 0);
    syscall($READ, fileno($out), $start + $i * ${page}, ${page}) == ${page} or die "read: $!\n";
  }
}
sub seen { my ($i) = @_; return unpack('P${page}', pack('Q', $base + $i * ${page})) }
my %orders = (
  fill => sub {
    $base = map_memory($pages * ${page});
    write_pages($base, $pages);
    open(my $file, '>', "$dir/area") or die "area: $!\n";
    printf $file "%x\n", $base; # as it is in numa_maps
    return 'filled';
  },
  check => sub { return scalar grep { seen($_) ne content($_) } 0 .. $pages - 1 },
  pipe => sub {
    pipe(my $out, my $in) or return 'no pipe';
    return 'none' if defined syswrite($in, 'x');
    for (sort keys %!) { return $_ if $!{$_} }
  },
  more => sub {
    my ($more) = @_;
    my $area = map_memory($more * 1048576);
    open(my $zeros, '<', '/dev/zero') or die "zero: $!\n";
    for (1 .. $more) {
      syscall($READ, fileno($zeros), $area, 1048576) == 1048576 or die "read: $!\n";
      $area += 1048576;
    }
    return 'none';
  },
);
while (1) {
  for my $order (sort keys %orders) {
    open(my $file, '<', "$dir/$order") or next;
    my $with = <$file>;
    unlink "$dir/$order";
    my $answer = eval { $orders{$order}->($with) } // "failed: $@";
    open(my $reply, '>', "$dir/reply") or die;
    print $reply "$answer\n";
    close $reply;
    rename("$dir/reply", "$dir/$order.done") or die;
  }
  select(undef, undef, undef, 0.01);
}
`;
