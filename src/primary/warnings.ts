import { toCniError } from '../cni/error'
import { type Address, isSameAddress } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import type { PrimaryFirewall } from './firewall'

/**
 * CHECK: rules of the primary plugin that masquerade these addresses too, one line each. A failure to look is a line as
 * well.
 */
export async function primaryWarnings(
  firewalls: () => Promise<readonly PrimaryFirewall[]>,
  addresses: readonly Address[],
): Promise<readonly string[]> {
  try {
    return (await firewalls()).flatMap((firewall) => {
      const { rules, problems } = firewall.list({ isThorough: false })
      const found = rules.flatMap(({ address, key, containerID }) => {
        if (!address || !addresses.some((one) => isSameAddress(one, address))) return []
        const where = `${firewall.name} ${key}, container ${containerID}`
        return [
          `${formatAddress(address)}: the primary plugin has a masquerade rule for it too (${where}), and so exempt destinations see the node's address; set its "ipMasq" to false, and run ip-masq sync`,
        ]
      })
      return [...found, ...problems]
    })
  } catch (error) {
    return [`Cannot look for the primary plugin's masquerade rules: ${toCniError(error).message}`]
  }
}
