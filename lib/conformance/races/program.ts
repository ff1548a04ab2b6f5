import type {Board} from '../../machine/board/board.ts';

type Calls = Pick<Board, 'syscalls'>;

/** What the programs of a race share: the guest's clock in ns, names of errors, a write, a CPU to run on. */
const common = ({syscalls}: Calls): string => String.raw`
use strict;
use Errno;
use POSIX ();
$| = 1;
my ($SETAFFINITY, $CLOCK_GETTIME) = (${syscalls.sched_setaffinity}, ${syscalls.clock_gettime});
sub now {
  my $time = "\0" x 16;
  syscall($CLOCK_GETTIME, 1, $time) == 0 or die "clock: $!\n";
  my ($s, $ns) = unpack('qq', $time);
  return $s * 1_000_000_000 + $ns;
}
sub name_of_error { for (sort keys %!) { return $_ if $!{$_} } return 'error ' . ($! + 0) }
sub put { # how a write ended; the file is opened for it
  my ($path, $word) = @_;
  my $file = POSIX::open($path, POSIX::O_WRONLY()) or return name_of_error();
  my $done = POSIX::write($file, "$word\n", length($word) + 1);
  my $how = defined $done ? 'none' : name_of_error();
  POSIX::close($file);
  return $how;
}
sub run_on {
  my ($cpu) = @_;
  my $mask = pack('Q', 1 << $cpu);
  syscall($SETAFFINITY, 0, 8, $mask) == 0 or die "CPU $cpu: $!\n";
}
sub rest { select(undef, undef, undef, $_[0] / 1_000_000) if $_[0] > 0 }
`;

/**
 * A perl program that lets processes write at the same time. It reads a plan: a line \`write CPU DELAY FILE WORD\` for
 * each writer (CPU may be \`-\`; the delay is in µs, from the moment when all begin), then \`go BLOCK\`. For each
 * \`go\` it prints the block before, how each write ended and when it began and ended (ns), and the block after:
 * \`before ID STATE ZONES\`, \`wrote N ERROR BEGIN END\`, \`after ID STATE ZONES\`. All writers have been started and
 * wait at one gate before it opens.
 */
export const racer = (calls: Calls): string =>
  `${common(calls)}${String.raw`
my $system = '/sys/devices/system/memory';
sub content { open(my $file, '<', $_[0]) or die "$_[0]: $!\n"; my $line = <$file>; chomp $line; return $line }
sub tell_block {
  my ($when, $id) = @_;
  print join(' ', $when, $id, map { content("$system/memory$id/$_") } qw(state valid_zones)), "\n";
}
sub race {
  my ($id, @writers) = @_;
  tell_block('before', $id);
  pipe(my $gate, my $opener) and pipe(my $told, my $teller) or die "pipe: $!\n";
  for my $n (0 .. $#writers) {
    my ($cpu, $delay, $file, $word) = @{$writers[$n]};
    my $child = fork() // die "fork: $!\n";
    next if $child;
    close $opener;
    run_on($cpu) if $cpu ne '-';
    syswrite($teller, "here\n");
    sysread($gate, my $nothing, 1);
    rest($delay);
    my $begin = now();
    my $how = put("$system/$file", $word);
    syswrite($teller, "wrote $n $how $begin " . now() . "\n");
    POSIX::_exit(0);
  }
  close $gate;
  close $teller;
  for (@writers) { my $line = <$told>; $line eq "here\n" or die "a writer didn't come\n" }
  close $opener;
  my @lines = <$told>;
  for (@writers) { wait() }
  print sort @lines;
  tell_block('after', $id);
}
my @writers;
while (<STDIN>) {
  my ($what, @rest) = split;
  if ($what eq 'write') { push @writers, [@rest] }
  elsif ($what eq 'go') { race($rest[0], @writers); @writers = () }
  else { die "no plan: $_" }
}
`}`;

/**
 * A perl program whose processes write to the state of blocks that are being taken away, until none of them is there
 * any more: BLOCKS, and on its input a line \`CPU WORD…\` for each process, which goes through blocks and words
 * in turn. It prints \`ready\` once all of them have written, at the end \`WORD ERROR TIMES\` for each answer that
 * there was, and \`end\`.
 */
export const hammer = (calls: Calls): string =>
  `${common(calls)}${String.raw`
my @blocks = split /,/, shift @ARGV;
my $system = '/sys/devices/system/memory';
pipe(my $told, my $teller) or die "pipe: $!\n";
my @plans = map { [split] } <STDIN>;
for my $plan (@plans) {
  my $child = fork() // die "fork: $!\n";
  next if $child;
  my ($cpu, @words) = @$plan;
  run_on($cpu) if $cpu ne '-';
  my (%times, $begun);
  for (my $i = 0; grep { -e "$system/memory$_" } @blocks; $i++) {
    my $word = $words[$i % @words];
    $times{"$word " . put("$system/memory$blocks[($i * 7 + @words) % @blocks]/state", $word)}++;
    syswrite($teller, "here\n") if !$begun++;
  }
  syswrite($teller, join('', map { "$_ $times{$_}\n" } sort keys %times));
  POSIX::_exit(0);
}
close $teller;
for (@plans) { my $line = <$told>; $line eq "here\n" or die "a writer didn't come: $line" }
print "ready\n";
my %sum;
while (<$told>) { my ($word, $how, $times) = split; $sum{"$word $how"} += $times }
print map { "$_ $sum{$_}\n" } sort keys %sum;
print "end\n";
`}`;

/**
 * A perl program whose processes read every file of memory blocks that come and go, again and again, until the file
 * STOP is there: STOP LEAVE ONLY BLOCKS, with the names of files to leave out while \`STOP.leave\` is there, and of the
 * only ones to read (\`-\` for all). On its input a CPU for each process. It prints \`ready\`, and at the end, each
 * once, \`read FILE TEXT\` or \`failed FILE ERROR\`, and \`reads TIMES\`. A process that is killed is told of: \`killed
 * SIGNAL\`.
 */
export const reader = (calls: Calls): string =>
  `${common(calls)}${String.raw`
my ($stop, $leave, $only, $blocks) = @ARGV;
my $system = '/sys/devices/system/memory';
my %left = map { $_ => 1 } split /,/, $leave;
my %only = map { $_ => 1 } split /,/, $only;
my @blocks = split /,/, $blocks;
my @cpus = map { /(\d+)/ ? $1 : '-' } <STDIN>;
my @readers;
sub names { opendir(my $dir, $_[0]) or return (); return sort grep { !/^\./ } readdir $dir }
sub look {
  my ($path, $name, $seen) = @_;
  my $file = POSIX::open($path, POSIX::O_RDONLY());
  return $seen->{"failed $name " . name_of_error()}++ if !$file;
  my $text;
  my $size = POSIX::read($file, $text, 4096);
  my $error = defined $size ? undef : name_of_error();
  POSIX::close($file);
  return $seen->{"failed $name $error"}++ if defined $error;
  $text = '' if $size == 0;
  $text =~ s/\n/\\n/g;
  $seen->{"read $name $text"}++;
}
for my $n (0 .. $#cpus) {
  pipe(my $told, my $teller) or die "pipe: $!\n";
  my $child = fork() // die "fork: $!\n";
  if ($child) { close $teller; push @readers, [$child, $told]; next }
  run_on($cpus[$n]) if $cpus[$n] ne '-';
  my ($times, $begun, %seen) = (0);
  until (-e $stop) {
    my $careful = -e "$stop.leave";
    for my $id ($n % 2 ? reverse @blocks : @blocks) {
      my $block = "memory$id";
      my @names = (names("$system/$block"), map { "power/$_" } names("$system/$block/power"));
      @names = keys %only if $only ne '-';
      for my $name (@names) {
        next if $careful && $left{$name};
        my $path = "$system/$block/$name";
        if (-l $path) { $seen{"read $name link"}++; $times++ }
        elsif (-f $path) { look($path, $name =~ /^(?:phys_index|uevent)$/ ? "$block/$name" : $name, \%seen); $times++ }
      }
    }
    syswrite($teller, "here\n") if !$begun++;
    rest(300);
  }
  syswrite($teller, join('', map { "$_\n" } keys %seen) . "reads $times\n");
  POSIX::_exit(0);
}
for (@readers) { my ($child, $told) = @$_; my $line = <$told>; $line eq "here\n" or die "a reader didn't come\n" }
print "ready\n";
my (%all, $reads);
for (@readers) {
  my ($child, $told) = @$_;
  while (<$told>) { if (/^reads (\d+)/) { $reads += $1 } else { $all{$_}++ } }
  waitpid($child, 0);
  $all{'killed ' . ($? & 127) . "\n"}++ if $? & 127;
}
print sort keys %all;
print "reads ", $reads + 0, "\n";
`}`;
