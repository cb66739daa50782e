/**
 * Decides whose turn it is to change iptables' rules in a network namespace: `#system/turns`. Many calls at once (a node
 * that starts 100 pods) would each begin again whenever another one is faster, or wait for the xtables lock all the time,
 * and then fail. So they first wait in a queue of ours, in the order in which they came.
 */
export interface Turns {
  /**
   * Waits until no other call of ours has its turn in this network namespace, or until the time is over. Returns a
   * function that ends our turn; a killed process loses its turn. Without a queue it does not wait: calls then collide,
   * and iptables' own refusals keep the rules right.
   */
  takeTurn(milliseconds: number): () => void
}
