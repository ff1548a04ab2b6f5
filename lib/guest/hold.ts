/**
 * A perl program that holds memory in the guest: hold.pl MODE MIB DIR. It fills MIB MiB with pages that each have
 * content of their own, and answers questions on two fifos, DIR/ask and DIR/answer:
 *   where FIRST END   how many of its pages lie in the page frames [FIRST, END) (/proc/PID/pagemap)
 *   huge              KiB of it in huge pages
 *   changed           how many of its pages have not their content any more
 *   end               nothing; it ends and gives its memory back
 * Modes: small (4 KiB pages), huge (2 MiB where the kernel has them), locked (mlock), pinned (256 pages are in a pipe
 * by vmsplice, so somebody else has references to them and they can't be migrated for as long as the pipe is there).
 * Memory is mapped by system calls, because perl's own strings can't be placed or advised before they are touched.
 */
export const holder = String.raw`
use strict;
my ($mode, $mib, $dir) = @ARGV;
my ($READ, $WRITE, $MMAP, $MADVISE, $MLOCK, $VMSPLICE) = (0, 1, 9, 28, 149, 278); # x86_64
my ($CHUNK, $HUGE, $F_SETPIPE_SZ) = (65536, 2097152, 1031);
my $size = $mib * 1048576;
my ($base, $spare_out, $spare_in, $pin_out, $pin_in);
sub must { my ($what, $result) = @_; die "$what: $!\n" if $result == -1; return $result }
sub content { my ($chunk) = @_; return join('', map { pack('NN', $_, $_ ^ 0x5bd1e995) x 512 } $chunk * 16 .. $chunk * 16 + 15) }
my $failed = eval {
  pipe($spare_out, $spare_in) and pipe($pin_out, $pin_in) or die "pipe: $!\n";
  my $area = must('mmap', syscall($MMAP, 0, $size + $HUGE, 3, 0x22, -1, 0));
  $base = ($area + $HUGE - 1) & ~($HUGE - 1);
  must('madvise', syscall($MADVISE, $base, $size, $mode eq 'huge' ? 14 : 15));
  for my $chunk (0 .. $size / $CHUNK - 1) {
    syswrite($spare_in, content($chunk)) == $CHUNK or die "pipe: $!\n";
    must('read', syscall($READ, fileno($spare_out), $base + $chunk * $CHUNK, $CHUNK)) == $CHUNK or die "a short read\n";
  }
  must('mlock', syscall($MLOCK, $base, $size)) if $mode eq 'locked';
  if ($mode eq 'pinned') {
    fcntl($pin_in, $F_SETPIPE_SZ, 1048576) or die "F_SETPIPE_SZ: $!\n";
    for my $i (0 .. 255) {
      my $page = pack('QQ', $base + $i * int($size / 256 / 4096) * 4096, 4096);
      must('vmsplice', syscall($VMSPLICE, fileno($pin_in), $page, 1, 2));
    }
  }
  1;
} ? '' : "failed: $@";
sub answer {
  my ($question, $first, $end) = split ' ', $_[0];
  return $failed if $failed;
  if ($question eq 'where') {
    open(my $map, '<', "/proc/$$/pagemap") or return "failed: pagemap: $!";
    sysseek($map, $base / 4096 * 8, 0);
    my $found = 0;
    for (1 .. $size / $CHUNK) {
      sysread($map, my $entries, 128) == 128 or return 'failed: pagemap is short';
      $found += grep { my $frame = $_ & ((1 << 55) - 1); $_ >> 63 && $frame >= $first && $frame < $end } unpack('Q16', $entries);
    }
    return $found;
  }
  if ($question eq 'huge') {
    open(my $smaps, '<', "/proc/$$/smaps") or return "failed: smaps: $!";
    my $sum = 0;
    while (<$smaps>) { $sum += $1 if /^AnonHugePages:\s+(\d+) kB/ }
    return $sum;
  }
  if ($question eq 'changed') {
    my $changed = 0;
    for my $chunk (0 .. $size / $CHUNK - 1) {
      syscall($WRITE, fileno($spare_in), $base + $chunk * $CHUNK, $CHUNK) == $CHUNK or return "failed: write: $!";
      sysread($spare_out, my $seen, $CHUNK) == $CHUNK or return 'failed: a short read';
      my $wanted = content($chunk);
      next if $seen eq $wanted;
      $changed += grep { substr($seen, $_ * 4096, 4096) ne substr($wanted, $_ * 4096, 4096) } 0 .. 15;
    }
    return $changed;
  }
  return 0;
}
while (1) {
  open(my $ask, '<', "$dir/ask") or die;
  my $line = <$ask>;
  close $ask;
  open(my $reply, '>', "$dir/answer") or die;
  print $reply answer($line), "\n";
  if ($line =~ /^end/) { exit } # the answer is closed by the exit, when the memory is gone
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
