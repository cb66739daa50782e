#!/usr/bin/perl
# Packets of protocols that have no sockets here: "listen PROTOCOL" prints the source address (and port, for SCTP) of each
# that arrives; "send sctp DESTINATION" sends one INIT (RFC 9260, 3.3.2).
use strict;
use warnings;
use Socket;

$| = 1;
my ($command, $protocol, $destination) = @ARGV;
my $number = { icmp => 1, sctp => 132 }->{$protocol};
socket(my $socket, AF_INET, SOCK_RAW, $number) or die "socket: $!";

if ($command eq 'listen') {
  print "ready\n";
  while (defined(recv($socket, my $packet, 65535, 0))) {
    my $source = inet_ntoa(substr($packet, 12, 4));
    my $header = substr($packet, (ord($packet) & 15) * 4, 2);
    print $protocol eq 'sctp' ? "$source " . unpack('n', $header) . "\n" : "$source\n";
  }
} else {
  my $chunk = pack('CCnNNnnN', 1, 0, 20, 0x1234, 65535, 1, 1, 1);
  my $packet = pack('nnNN', 40000, 7007, 0, 0) . $chunk;
  substr($packet, 8, 4) = pack('V', crc32c($packet));
  send($socket, $packet, 0, sockaddr_in(0, inet_aton($destination))) or die "send: $!";
}

sub crc32c {
  my $crc = 0xffffffff;
  for my $byte (unpack('C*', shift)) {
    $crc ^= $byte;
    $crc = $crc & 1 ? ($crc >> 1) ^ 0x82f63b78 : $crc >> 1 for 1 .. 8;
  }
  return $crc ^ 0xffffffff;
}
