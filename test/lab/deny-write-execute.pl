# deny-write-execute.pl COMMAND...: runs the command where no memory may be writable and executable, as systemd's
# MemoryDenyWriteExecute does on Linux 6.3 and later: prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN).
use strict;
use warnings;
use POSIX ();

my $prctl = (POSIX::uname())[4] eq 'x86_64' ? 157 : 167;
syscall($prctl, 65, 1, 0, 0, 0) == 0 or die "PR_SET_MDWE: $!";
exec @ARGV or die "exec: $!";
