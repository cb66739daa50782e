/** Shell lines for a call's `before`: it has a mount namespace of its own, in which tools come and go. */

/** As on a node that has not got these, or cannot start them. */
export function without(...tools: readonly string[]): string {
  return tools.map((tool) => `mount --bind /dev/null /usr/sbin/${tool}`).join('\n')
}

export const WITHOUT_NFT = without('nft')

export const IPTABLES = ['', '-nft', '-legacy'].flatMap((kind) =>
  ['iptables', 'ip6tables'].flatMap((tool) => [`${tool}${kind}`, `${tool}${kind}-restore`]),
)

/**
 * As on a node with one kind of iptables, under its plain names, as Alpine and older distributions have it. (To hide
 * one of Debian's names hides the file that all of them are links to.)
 */
export function withOnly(kind: 'nft' | 'legacy', tools = ['iptables', 'ip6tables']): string {
  const names = tools.flatMap((tool) => [tool, `${tool}-restore`])
  return `mkdir -p /tmp/ip-masq-sbin; mount -t tmpfs none /tmp/ip-masq-sbin
cp -a /usr/sbin/xtables-${kind}-multi /usr/sbin/nft /tmp/ip-masq-sbin/
for tool in ${names.join(' ')}; do ln -s xtables-${kind}-multi /tmp/ip-masq-sbin/$tool; done
mount --bind /tmp/ip-masq-sbin /usr/sbin
umount -l /tmp/ip-masq-sbin`
}
