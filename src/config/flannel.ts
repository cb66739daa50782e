import { MalformedError } from '../policy/address-text'
import { type Prefix, parsePrefix } from '../policy/prefix'

export const FLANNEL_SUBNET_FILE = '/run/flannel/subnet.env'

/** The facts about the cluster that flanneld writes (flannel's `WriteSubnetFile`). */
export interface FlannelSubnets {
  /** The networks of all pods of the cluster. */
  readonly clusterCIDRs: readonly Prefix[]
  /** flanneld was started with --ip-masq. */
  readonly doesMasquerade: boolean
}

/** The lines `FLANNEL_NETWORK=10.244.0.0/16` and `FLANNEL_IPV6_NETWORK=...`; each may name several networks. */
export function parseFlannelSubnets(text: string): FlannelSubnets {
  const values = new Map(
    text.split('\n').flatMap((line) => {
      const [, key = '', value = ''] = /^\s*(?:export\s+)?([A-Z0-9_]+)=(.*?)\s*$/.exec(line) ?? []
      return key === '' ? [] : [[key, value.replace(/^(["'])(.*)\1$/, '$2')] as const]
    }),
  )
  const clusterCIDRs = ['FLANNEL_NETWORK', 'FLANNEL_IPV6_NETWORK'].flatMap((key) =>
    parseNetworks(key, values.get(key) ?? ''),
  )
  if (clusterCIDRs.length === 0) {
    throw new MalformedError(
      'it has neither FLANNEL_NETWORK nor FLANNEL_IPV6_NETWORK; check that flanneld runs',
    )
  }
  return { clusterCIDRs, doesMasquerade: values.get('FLANNEL_IPMASQ') === 'true' }
}

function parseNetworks(key: string, value: string): Prefix[] {
  const items = value.split(',').map((item) => item.trim())
  return items
    .filter((item) => item !== '')
    .map((item) => {
      try {
        return parsePrefix(item)
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error
        throw new MalformedError(`${key} "${item}": ${error.message}`)
      }
    })
}
