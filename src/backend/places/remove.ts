import type { AttachmentName } from '../../cni/attachment'
import type { Address } from '../../policy/address'
import type { Removal, Where } from '../backend'
import type { Place, Places } from './place'

interface Likely {
  readonly hint: readonly Address[]
  readonly where: Where
}

/** Nobody knows what the config asks for. */
export const ANYWHERE: Where = { backend: 'auto', carrier: 'auto', isGuess: true }

/**
 * DEL, whatever the config says now: the likelier place first, and the other where that one leaves it open that there
 * is something. Rules in both (an ADD after a change of the config, without a DEL) go with the second DEL that runtimes
 * send, or with GC.
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

/** Where nft cannot be used, `auto` means iptables: rules would be restored there. One that is busy can be used. */
function whereAfter(where: Where, { outcome }: Open): Where {
  return where.backend === 'auto' && outcome === 'unusable' ? { ...where, backend: 'iptables' } : where
}

type Open = Exclude<Removal, { outcome: 'removed' }>

/** What hangs or is locked would fare no better with another tool. */
function isOpen(removal: Removal): removal is Open {
  return removal.outcome === 'unusable' || (removal.outcome !== 'removed' && removal.mayBeElsewhere)
}

/** The one of two answers to give: a tool that is not there has put no rules, if the other one is. */
function worseOf(removal: Open, other: Removal): Removal {
  if (other.outcome === 'removed') return other
  if (removal.outcome === 'unusable' && other.outcome === 'unusable')
    return { outcome: 'unusable', said: `${removal.said}, ${other.said}` }
  if (removal.outcome === 'unknown') return removal
  return other.outcome === 'unknown' ? other : ABSENT
}

const ABSENT: Removal = { outcome: 'absent', mayBeElsewhere: false }
