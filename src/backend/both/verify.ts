import { type Address, formatAddress, isSameAddress } from '../../policy/address'
import type { Backend, Wanted } from '../backend'
import { unlessUnusable } from '../unusable'
import type { Places } from '.'
import { inPlaceOf } from './automatic'

/** CHECK: in the place that the config asks for; and that the other has no rules of the same addresses. */
export async function verify(
  places: Places,
  wanted: Wanted,
  warn?: (line: string) => void,
): Promise<string[]> {
  const { backend, differences } = await verifyOwn(places, wanted, warn)
  const isInNft = backend === places.nft
  const [other, name] = isInNft ? [places.iptables, 'iptables'] : [places.nft, 'nftables']
  const elsewhere = isInNft && !(await places.mayBeInIptables()) ? [] : await addressesIn(other)
  const doubled = wanted.addresses.filter((address) => elsewhere.some((one) => isSameAddress(one, address)))
  return [
    ...differences,
    ...doubled.map((address) => `${formatAddress(address)}: has rules in ${name}, where they should not be`),
  ]
}

interface Verified {
  readonly backend: Backend
  readonly differences: readonly string[]
}

async function verifyOwn(
  places: Places,
  wanted: Wanted,
  warn: ((line: string) => void) | undefined,
): Promise<Verified> {
  const { nft, iptables, mayBeInIptables } = places
  const run = (backend: Backend) => backend.verify(wanted, warn)
  const { backend, value: differences } = await inPlaceOf(places, wanted.setting, run)
  // An ADD before nft came, or with an nft that lists and refuses: the pod has all that it needs.
  const mayBeThere =
    differences.length > 0 && wanted.setting === 'auto' && backend === nft && (await mayBeInIptables())
  if (mayBeThere && (await iptables.hasRules())) {
    const there = await unlessUnusable(() => run(iptables))
    if (there?.length === 0) return { backend: iptables, differences: there }
  }
  return { backend, differences }
}

/** Not of a table that may be another's, and long. */
async function addressesIn(backend: Backend): Promise<Address[]> {
  if (!(await backend.hasRules())) return []
  const listed = (await unlessUnusable(() => backend.list())) ?? []
  return listed.flatMap(({ addresses }) => addresses)
}
