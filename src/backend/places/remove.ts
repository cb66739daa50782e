import type { AttachmentName } from '../../cni/attachment'
import type { Address } from '../../policy/address'
import type { Removal, Where } from '../backend'
import type { Place, Places } from './place'

interface Likely {
  readonly hint: readonly Address[]
  readonly where: Where
}

/** The place to look when nobody knows what the config requests. */
export const ANYWHERE: Where = { backend: 'auto', carrier: 'auto', isGuess: true }

/**
 * DEL, whatever the config says now. It looks in the likelier place first, and in the other one if there may still be
 * something. If both have rules (an ADD after a change of the config, without a DEL), the second set goes with the second
 * DEL that runtimes send, or with GC.
 */
export async function remove(
  { nftables, iptables }: Pick<Places, 'nftables' | 'iptables'>,
  attachment: AttachmentName,
  { hint, where }: Likely,
): Promise<Removal> {
  const isInIptables = where.backend === 'iptables'
  const [first, second]: [Place, Place] = isInIptables ? [iptables, nftables] : [nftables, iptables]
  const removal = await first.remove(attachment, hint, where)
  if (!isOpen(removal)) return removal
  return worseOf(removal, await second.remove(attachment, hint, whereAfter(where, removal)))
}

/** Where nft cannot be used, `auto` means iptables: rules would be restored there. A busy nft can be used. */
function whereAfter(where: Where, { outcome }: Open): Where {
  return where.backend === 'auto' && outcome === 'unusable' ? { ...where, backend: 'iptables' } : where
}

type Open = Exclude<Removal, { outcome: 'removed' }>

/** Whether another place is worth a look. After a tool that hangs or finds a lock, another tool would fare no better. */
function isOpen(removal: Removal): removal is Open {
  return removal.outcome === 'unusable' || (removal.outcome !== 'removed' && removal.mayBeElsewhere)
}

/** Chooses which of two results to report. A tool that is missing has left no rules, if the other one exists. */
function worseOf(removal: Open, other: Removal): Removal {
  if (other.outcome === 'removed') return other
  if (removal.outcome === 'unusable' && other.outcome === 'unusable')
    return { outcome: 'unusable', said: `${removal.said}, ${other.said}` }
  if (removal.outcome === 'unknown') return removal
  return other.outcome === 'unknown' ? other : ABSENT
}

const ABSENT: Removal = { outcome: 'absent', mayBeElsewhere: false }
