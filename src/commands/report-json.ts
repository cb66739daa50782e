import type { Listed } from '../backend/listed'
import { formatAddress } from '../policy/address-text'
import type { PrimaryRule } from '../primary/firewall'
import type { Judged, PruneReport } from '../sync/prune'
import type { SyncReport } from '../sync/sync'

/** The report of a sync or gc, for programs. */

export function syncJson(report: SyncReport): unknown {
  const { found, places, ownLists, changes, held, repairs, pruned, primary, warnings, errors, script } =
    report
  return {
    found,
    caches: places.map(({ directory, runtime }) => ({ directory, runtime })),
    ownLists: ownLists.map(({ attachment, nonMasqueradeCIDRs }) => ({ ...attachment, nonMasqueradeCIDRs })),
    changes: changes.map(({ attachment, what, addresses }) => ({
      ...attachment,
      what,
      addresses: addresses.map(formatAddress),
    })),
    held: held.map(({ attachment, address, holder }) => ({
      ...attachment,
      address: formatAddress(address),
      holder,
    })),
    repairs,
    ...gcJson(pruned),
    primaryRules: {
      removed: primary.removed.map(primaryJson),
      kept: primary.kept.map(({ rule, why }) => ({ ...primaryJson(rule), why })),
    },
    warnings,
    errors,
    script,
  }
}

export function gcJson({ removed, policies, kept, failures }: PruneReport) {
  return { removed: removed.map(listedJson), policies, kept: kept.map(keptJson), failures }
}

function keptJson({ listed, verdict }: Judged) {
  return { ...listedJson(listed), verdict: verdict.is, reason: verdict.because }
}

export function listedJson({ note, addresses }: Listed) {
  const { network, containerID, ifname, pod } = note ?? { network: '', containerID: '', ifname: '', pod: '' }
  return { network, containerID, ifname, pod, addresses: addresses.map(formatAddress) }
}

function primaryJson({ address, firewall, key, containerID }: PrimaryRule) {
  return { address: address ? formatAddress(address) : null, firewall, key, containerID }
}
