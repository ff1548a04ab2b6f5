import type {SystemCalls} from './system-calls.ts';

type AllocatorCall =
  | 'read'
  | 'write'
  | 'mmap'
  | 'madvise'
  | 'fsync'
  | 'mlock'
  | 'vmsplice'
  | 'memfd_create'
  | 'io_uring_setup'
  | 'io_uring_register';

/** Bytes that are written at once: what a pipe holds. */
const AT_ONCE = 65_536;

/**
 * A perl program that holds memory in the guest: hold.pl KIND MIB DIR. It fills MIB MiB with pages that each have
 * content of their own, and answers questions on two fifos, DIR/ask and DIR/answer:
 *   where FIRST END   how many of its pages lie in the page frames [FIRST, END) (/proc/PID/pagemap)
 *   frame N           the page frame of its page N, 0 where it has none
 *   huge              KiB of it in transparent huge pages
 *   changed           how many of its pages have not their content any more, those that can't be read included
 *   unreadable        how many of its pages can't be read by the kernel for it
 *   touch N           the number of the signal that ends a child which reads page N itself, 0 where none does
 *   end               nothing; it ends and gives its memory back
 * Kinds of private memory: small (4 KiB pages), huge (2 MiB where the kernel has them), locked (mlock), hugetlb and
 * gigantic (2 MiB and 1 GiB from the pools), sparse (a page in each 2 MiB), pinned (256 pages are in a pipe by
 * vmsplice) and registered (a fixed buffer of an io_uring): others have references to those two, for as long as the
 * pipe or the ring is there.
 *
 * Kinds of shared memory: shared (anonymous), memfd, tmpfs and disk (a file's page cache, mapped).
 *
 * Memory is mapped by system calls, because perl's own strings can't be placed or advised before they are touched.
 */
export const allocator = ({machineName, page, syscalls: call}: SystemCalls<AllocatorCall>): string => String.raw`
use strict;
my ($kind, $mib, $dir) = @ARGV;
my ($READ, $WRITE, $MMAP, $MADVISE, $FSYNC, $MLOCK, $VMSPLICE, $MEMFD, $SETUP, $REGISTER) = (${[call.read, call.write, call.mmap, call.madvise, call.fsync, call.mlock, call.vmsplice, call.memfd_create, call.io_uring_setup, call.io_uring_register].join(', ')}); # ${machineName}
my ($FIXED, $HUGETLB, $F_SETPIPE_SZ) = (0x10, 0x40000, 1031);
my $sparse = $kind eq 'sparse' || $kind eq 'gigantic';
my ($pages, $step) = $sparse ? (1, 2097152) : (${AT_ONCE / page}, ${AT_ONCE}); # written at once, and how far apart
my $align = $kind eq 'gigantic' ? 1 << 30 : 2097152;
my ($chunk, $size) = ($pages * ${page}, $mib * 1048576);
my $last = $size / $step - 1;
my ($base, $spare_out, $spare_in, $pin_out, $pin_in, $file, $ring);
sub must { my ($what, $result) = @_; die "$what: $!\n" if $result == -1; return $result }
sub content { my ($i) = @_; return join('', map { pack('NN', $_, $_ ^ 0x5bd1e995) x ${page / 8} } $i * $pages .. ($i + 1) * $pages - 1) }
sub place {
  my %flags = (sparse => 0x4022, shared => 0x21, memfd => 1, tmpfs => 1, disk => 1, hugetlb => 0x22 | $HUGETLB, gigantic => 0x22 | $HUGETLB | 30 << 26);
  my $area = must('mmap', syscall($MMAP, 0, $size + $align, 0, 0x22, -1, 0));
  my $start = ($area + $align - 1) & ~($align - 1);
  my $name = $kind eq 'disk' ? "/var/tmp/memhp.$$" : "$dir/data";
  if ($kind eq 'memfd') { open($file, '+<&=', must('memfd_create', syscall($MEMFD, $name, 0))) or die "memfd: $!\n" }
  elsif ($kind eq 'tmpfs' || $kind eq 'disk') { open($file, '+>', $name) or die "$name: $!\n" }
  if ($file) { truncate($file, $size) or die "truncate: $!\n" }
  must('mmap', syscall($MMAP, $start, $size, 3, ($flags{$kind} || 0x22) | $FIXED, $file ? fileno($file) : -1, 0));
  return $start;
}
my $failed = eval {
  pipe($spare_out, $spare_in) and pipe($pin_out, $pin_in) or die "pipe: $!\n";
  $base = place();
  must('madvise', syscall($MADVISE, $base, $size, $kind eq 'huge' ? 14 : 15)) if $kind !~ /hugetlb|gigantic/;
  for my $i (0 .. $last) {
    syswrite($spare_in, content($i)) == $chunk or die "pipe: $!\n";
    must('read', syscall($READ, fileno($spare_out), $base + $i * $step, $chunk)) == $chunk or die "a short read\n";
  }
  must('fsync', syscall($FSYNC, fileno($file))) if $kind eq 'disk';
  must('mlock', syscall($MLOCK, $base, $size)) if $kind eq 'locked';
  if ($kind eq 'pinned') {
    fcntl($pin_in, $F_SETPIPE_SZ, 1048576) or die "F_SETPIPE_SZ: $!\n";
    for my $i (0 .. 255) {
      my $page = pack('QQ', $base + $i * int($size / 256 / ${page}) * ${page}, ${page});
      must('vmsplice', syscall($VMSPLICE, fileno($pin_in), $page, 1, 2));
    }
  }
  if ($kind eq 'registered') {
    my ($params, $buffer) = ("\0" x 120, pack('QQ', $base, $size));
    $ring = must('io_uring_setup', syscall($SETUP, 4, $params));
    must('io_uring_register', syscall($REGISTER, $ring, 0, $buffer, 1));
  }
  1;
} ? '' : "failed: $@";
sub read_page { # a page as the kernel reads it for us; undef where it can't
  my ($address) = @_;
  return undef if syscall($WRITE, fileno($spare_in), $address, ${page}) != ${page};
  sysread($spare_out, my $seen, ${page}) == ${page} or die "a short read\n";
  return $seen;
}
sub frames {
  my ($map, $i) = @_;
  sysseek($map, ($base + $i * $step) / ${page} * 8, 0);
  sysread($map, my $entries, $pages * 8) == $pages * 8 or die "pagemap is short\n";
  return map { $_ >> 63 ? $_ & ((1 << 55) - 1) : 0 } unpack('Q*', $entries);
}
my %answers = (
  where => sub {
    my ($first, $end) = @_;
    open(my $map, '<', "/proc/$$/pagemap") or die "pagemap: $!\n";
    my $found = 0;
    for my $i (0 .. $last) { $found += grep { $_ >= $first && $_ < $end } frames($map, $i) }
    return $found;
  },
  frame => sub {
    open(my $map, '<', "/proc/$$/pagemap") or die "pagemap: $!\n";
    return (frames($map, int($_[0] / $pages)))[$_[0] % $pages];
  },
  huge => sub {
    open(my $smaps, '<', "/proc/$$/smaps") or die "smaps: $!\n";
    my $sum = 0;
    while (<$smaps>) { $sum += $1 if /^AnonHugePages:\s+(\d+) kB/ }
    return $sum;
  },
  changed => sub {
    my $changed = 0;
    for my $i (0 .. $last) {
      my $wanted = content($i);
      for my $page (0 .. $pages - 1) {
        my $seen = read_page($base + $i * $step + $page * ${page});
        $changed++ if !defined $seen || $seen ne substr($wanted, $page * ${page}, ${page});
      }
    }
    return $changed;
  },
  unreadable => sub {
    my $lost = 0;
    for my $i (0 .. $last) { $lost += grep { !defined read_page($base + $i * $step + $_ * ${page}) } 0 .. $pages - 1 }
    return $lost;
  },
  touch => sub {
    my $child = fork();
    if ($child == 0) { my $byte = unpack('P1', pack('Q', $base + int($_[0] / $pages) * $step + $_[0] % $pages * ${page})); exit 0 }
    waitpid($child, 0);
    return $? & 127;
  },
  end => sub { return 0 },
);
sub answer {
  my ($question, @rest) = split ' ', $_[0];
  return $failed if $failed;
  my $number = eval { $answers{$question}->(@rest) };
  return defined $number ? $number : "failed: $@";
}
while (1) {
  open(my $ask, '<', "$dir/ask") or die;
  my $line = <$ask>;
  close $ask;
  open(my $reply, '>', "$dir/answer") or die;
  print $reply answer($line), "\n";
  if ($line =~ /^end/) { unlink "/var/tmp/memhp.$$", "$dir/data"; exit } # the answer is closed by the exit, when the memory is gone
  close $reply;
}
`;

/**
 * A perl program that writes a word to a file, for writes that may wait for ever: write.pl FILE WORD PIDFILE. Its
 * process id stands in PIDFILE as soon as it writes; SIGALRM ends the write and not the program, which then says why.
 */
export const waitingWriter = String.raw`
use strict;
my ($file, $word, $pidfile) = @ARGV;
$SIG{ALRM} = sub { };
open(my $out, '>', $file) or die "$file: $!\n";
open(my $pid, '>', "$pidfile.part") or die "$pidfile: $!\n";
print $pid "$$\n";
close $pid;
rename("$pidfile.part", $pidfile) or die "$pidfile: $!\n";
defined(syswrite($out, "$word\n")) or die "write error: $!\n";
`;
