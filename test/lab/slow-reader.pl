# slow-reader.pl KIND DESCRIPTOR COMMAND...: runs the command with a non-blocking output (1 or 2) of this kind (pipe, socket or
# tty), takes a little of it at a time, repeats it on stdout, and ends with the command's exit status. `KIND:N` stops
# reading, and closes, after N bytes.
use strict;
use warnings;
use Fcntl;
use POSIX ();
use Socket;

my ($how, $descriptor, @command) = @ARGV;
my ($kind, $limit) = split /:/, $how;
my ($reader, $writer);
if ($kind eq 'pipe') {
  pipe $reader, $writer or die "pipe: $!";
} elsif ($kind eq 'socket') {
  socketpair $reader, $writer, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!";
} elsif ($kind eq 'tty') {
  sysopen $reader, '/dev/ptmx', O_RDWR | O_NOCTTY or die "ptmx: $!";
  my $number = pack 'i', 0;
  ioctl $reader, 0x40045431, $number or die "TIOCSPTLCK: $!";
  ioctl $reader, 0x80045430, $number or die "TIOCGPTN: $!";
  sysopen $writer, '/dev/pts/' . unpack('i', $number), O_RDWR | O_NOCTTY or die "pts: $!";
  my $settings = POSIX::Termios->new;
  $settings->getattr(fileno $writer);
  # Without line feeds that become two characters.
  $settings->setoflag(0);
  $settings->setattr(fileno $writer, POSIX::TCSANOW());
} else {
  die "no such kind: $kind";
}
my $flags = fcntl $writer, F_GETFL, 0 or die "F_GETFL: $!";
fcntl $writer, F_SETFL, $flags | O_NONBLOCK or die "F_SETFL: $!";

my $child = fork // die "fork: $!";
if ($child == 0) {
  POSIX::dup2(fileno $writer, $descriptor) // die "dup2: $!";
  close $writer;
  close $reader;
  exec @command or POSIX::_exit(127);
}
close $writer;
$| = 1;
my $taken = 0;
# Reading a terminal that its last user has closed ends with EIO.
while (sysread $reader, my $bytes, 1 + int rand 16384) {
  print $bytes;
  $taken += length $bytes;
  last if defined $limit && $taken >= $limit;
  select undef, undef, undef, 0.002;
}
close $reader;
waitpid $child, 0;
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
