/**
 * A perl program that reads everything an observation needs, and prints it as memhp_observe does (lib/guest/script.ts).
 * It stays: starting a program costs more than all of its reading, and under TCG most of that again in each clone. Each
 * line of DIR/ask is one look, and a line on DIR/done says that it has been printed, `ok`, or why not. Without DIR it
 * looks once.
 *
 * The kernel's log is held open, to its end. Where messages were overwritten before they were read, a read fails with
 * EPIPE and the next one goes on behind them (Documentation/ABI/testing/dev-kmsg): `@lost` stands in their place, which
 * no record of the log can look like.
 */
export const observer = String.raw`
use strict;
use POSIX (); # its open makes one system call, perl's own four
use Errno qw(EAGAIN EPIPE);
my ($dir) = @ARGV;
my $system = '/sys/devices/system';
sub content { # of a file; undef where it can't be read
  my ($path) = @_;
  my $file = POSIX::open($path, POSIX::O_RDONLY()) or return undef;
  my ($text, $part, $size) = ('');
  while ($size = POSIX::read($file, $part, 65536)) { last if $size == 0; $text .= $part } # "0 but true"
  POSIX::close($file);
  return defined $size ? $text : undef;
}
sub labelled { # its lines, each behind its path
  my ($path) = @_;
  my $text = content($path);
  return '' if !defined $text || $text eq '';
  $text =~ s/\n\z//;
  $text =~ s/\n/\n$path:/g;
  return "$path:$text\n";
}
my $read;
sub value { # of an attribute, behind its path. sysfs gives all of it at once, and this runs six times for each block
  my ($where, $name) = @_;
  my $file = POSIX::open($name, POSIX::O_RDONLY()) or return '';
  my $size = POSIX::read($file, $read, 65536);
  POSIX::close($file);
  return '' if !$size || $size == 0;
  chomp $read;
  $read =~ s/\n/\n$where$name:/g if index($read, "\n") >= 0;
  return "$where$name:$read\n";
}
sub names { # in a directory
  my ($path, $wanted) = @_;
  opendir(my $entries, $path) or return ();
  return sort grep { $_ =~ $wanted } readdir $entries;
}
sub within { # for each directory of a folder, from inside of it: on a short path less is looked up and permitted
  my ($folder, $names, $each) = @_;
  opendir(my $there, $folder) or return;
  for (@$names) { $each->("$folder/$_/") if chdir $there and chdir $_ }
  chdir $system or die "$system: $!\n";
}
sub links_of {
  my ($where, @names) = @_;
  my $text = '';
  for (@names) { my $target = readlink $_; $text .= "$where$_ -> $target\n" if defined $target }
  return $text;
}
my $log = POSIX::open('/dev/kmsg', POSIX::O_RDONLY() | POSIX::O_NONBLOCK()) or die "/dev/kmsg: $!\n";
sub messages {
  my ($text, $record) = ('');
  while (1) {
    my $size = POSIX::read($log, $record, 65536);
    if ($size) { die "/dev/kmsg ends\n" if $size == 0; $text .= $record }
    elsif ($! == EPIPE) { $text .= "\@lost\n" }
    elsif ($! == EAGAIN) { return $text }
    else { die "/dev/kmsg: $!\n" }
  }
}
sub look {
  chdir $system or die "$system: $!\n";
  my @blocks = names('memory', qr/^memory\d/);
  my @nodes = names('node', qr/^node\d/);
  my @possible = map { my ($from, $to) = split /-/; map { "node$_" } $from .. ($to // $from) } split /,/, (content('node/possible') || '') =~ s/\s//gr;
  my $text = join '', map { labelled($_) } qw(/proc/meminfo /proc/zoneinfo /proc/iomem /proc/stat memory/auto_online_blocks memory/block_size_bytes
    node/possible node/online node/has_memory node/has_normal_memory), map { "node/$_/meminfo" } @nodes;
  my $links = '';
  within('memory', \@blocks, sub {
    my ($where) = @_;
    $text .= value($where, $_) for qw(state online valid_zones removable phys_index phys_device);
    $links .= links_of($where, @possible);
  });
  within('node', \@nodes, sub { $links .= links_of($_[0], names('.', qr/^memory\d/)) });
  $text .= "\@links\n$links";
  $text .= "\@kernel-log\n" . messages() . "\@end\n";
  for (my $from = 0; $from < length $text;) { $from += syswrite(STDOUT, $text, 32768, $from) || die "answer: $!\n" }
}
if (!defined $dir) { look(); exit }
open(my $ask, '<', "$dir/ask") && open(my $done, '>', "$dir/done") or die "$dir: $!\n";
while (<$ask>) { syswrite($done, eval { look(); 1 } ? "ok\n" : "failed: $@") or die }
`;
