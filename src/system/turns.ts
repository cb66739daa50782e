/**
 * Whose turn it is to change iptables' rules in a network namespace: `#system/turns`. Many calls at once (a node that starts
 * 100 pods) would each begin again whenever another one is faster, or spend their whole time waiting for the xtables lock, and
 * then fail. So they wait in a queue of ours first, in the order in which they came.
 */
export interface Turns {
  /**
   * Waits until no other call of ours has its turn in this network namespace, or until the time is over; returns what ends our turn. The
   * turn of a process that is killed ends with it. Without a queue it does not wait: calls collide as they did before, and
   * iptables' own refusals keep the rules right.
   */
  takeTurn(milliseconds: number): () => void
}
