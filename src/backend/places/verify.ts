import { isSameAddress } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { Listed, Wanted } from '../backend'
import { ifItWorks } from '../tolerances'
import { runWhereAsked } from './choose'
import type { Place, Places } from './place'

/** CHECK: verifies the place that the config requests, and that the others have no rules of the same addresses. */
export async function verify(
  places: Places,
  wanted: Wanted,
  warn?: (line: string) => void,
): Promise<readonly string[]> {
  const { place, differences } = await verifyOwn(places, wanted, warn)
  const isInNftables = place === places.nftables
  if (isInNftables && !(await places.mayBeInIptables())) return differences
  const other = isInNftables ? places.iptables : places.nftables
  const listAnyhow = async () => (await ifItWorks(() => other.list())) ?? []
  return [...differences, ...(await doubledIn(other, wanted, listAnyhow))]
}

interface Verified {
  readonly place: Place
  readonly differences: readonly string[]
}

async function verifyOwn(
  places: Places,
  wanted: Wanted,
  warn: ((line: string) => void) | undefined,
): Promise<Verified> {
  const { nftables, iptables, mayBeInIptables } = places
  const run = (place: Place) => place.verify(wanted, warn)
  const { place, value: differences } = await runWhereAsked(places, wanted.backend, run)
  // The rules may come from an ADD before nft was installed, or with an nft that lists but refuses rules: the pod has all
  // that it needs.
  const mayBeThere =
    differences.length > 0 && wanted.backend === 'auto' && place === nftables && (await mayBeInIptables())
  if (mayBeThere && (await iptables.hasRules())) {
    const there = await ifItWorks(() => run(iptables))
    if (there?.length === 0) return { place: iptables, differences: there }
  }
  return { place, differences }
}

/**
 * A pod's addresses that have rules in another place too, one line each. Where we have no rules nothing is listed,
 * because the table may be somebody else's, and long.
 */
export async function doubledIn(
  other: Place,
  { addresses }: Wanted,
  list: () => Promise<readonly Listed[]> = () => other.list(),
): Promise<string[]> {
  if (!(await other.hasRules())) return []
  const elsewhere = (await list()).flatMap((one) => one.addresses)
  return addresses
    .filter((address) => elsewhere.some((one) => isSameAddress(one, address)))
    .map((address) => `${formatAddress(address)}: also has rules in ${other.name}, where it should have none`)
}
