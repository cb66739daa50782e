#!/usr/bin/perl
# Waits for a netlink socket of nf_tables in this network namespace, and sends an error of our own making to its port:
# "forge-netlink.pl SEQUENCE ERRNO". It prints the port.
use strict;
use warnings;
use Time::HiRes 'sleep';

my ($sequence, $errno) = @ARGV;
my ($AF_NETLINK, $NETLINK_NETFILTER) = (16, 12);
socket(my $socket, $AF_NETLINK, 3, $NETLINK_NETFILTER) or die "socket: $!";
my $port;
for (1 .. 2000) {
  open(my $list, '<', '/proc/net/netlink') or die $!;
  while (<$list>) {
    my (undef, $protocol, $pid) = split ' ';
    $port = $pid if $protocol eq $NETLINK_NETFILTER && $pid > 0;
  }
  last if $port;
  sleep 0.005;
}
die "no socket was opened" unless $port;
# struct nlmsghdr (NLMSG_ERROR, NLM_F_CAPPED), then struct nlmsgerr.
my $message = pack('L S S L L l L S S L L', 36, 2, 0x100, $sequence, $port, -$errno, 20, 0, 0, $sequence, $port);
send($socket, $message, 0, pack('S S L L', $AF_NETLINK, 0, $port, 0)) or die "send: $!";
print "$port\n";
