# type-in-shell.pl LINE COMMAND...: runs an interactive shell in a terminal of its own, types LINE when the shell has written "READY> ",
# and then exit when it has written that again. \t, \n, \cX and the like are written as Perl reads them.
# What the terminal showed goes to stdout.
use strict;
use warnings;
use Fcntl;
use POSIX ();

my ($line, @command) = @ARGV;
$line =~ s/\\c([A-Z])/chr(ord($1) - 64)/ge;
$line =~ s/\\t/\t/g;
$line =~ s/\\n/\r/g;
sysopen my $terminal, '/dev/ptmx', O_RDWR | O_NOCTTY or die "ptmx: $!";
my $number = pack 'i', 0;
ioctl $terminal, 0x40045431, $number or die "TIOCSPTLCK: $!";
ioctl $terminal, 0x80045430, $number or die "TIOCGPTN: $!";
my $name = '/dev/pts/' . unpack 'i', $number;
# Reading a terminal that nobody has open is an error.
sysopen my $first, $name, O_RDWR | O_NOCTTY or die "pts: $!";

my $child = fork // die "fork: $!";
if ($child == 0) {
  # The terminal that a session's leader opens becomes the session's own.
  POSIX::setsid();
  sysopen my $end, $name, O_RDWR or die "pts: $!";
  # So wide that nothing is folded, and so high that nothing asks before it shows a list.
  my $size = pack 'SSSS', 200, 500, 0, 0;
  ioctl $end, 0x5414, $size or die "TIOCSWINSZ: $!";
  POSIX::dup2(fileno $end, $_) for 0, 1, 2;
  close $first;
  exec @command or POSIX::_exit(127);
}
close $first;
my @typed = ($line, "exit\r");
my $seen = '';
while (sysread $terminal, my $bytes, 4096) {
  print $bytes;
  $seen .= $bytes;
  while (@typed && $seen =~ s/^.*?READY> //s) { syswrite $terminal, shift @typed }
}
waitpid $child, 0;
