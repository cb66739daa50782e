import type { Attachment } from '../../cni/attachment'
import type { Address } from '../../policy/address'
import type { Backend, BackendSetting, Removal } from '../backend'
import type { Places } from '.'

interface Likely {
  readonly hint: readonly Address[]
  readonly setting: BackendSetting
}

/**
 * DEL, whatever the config says now: the likelier place first, and the other where that one leaves it open that there
 * is something. Rules in both (an ADD after a change of the config, without a DEL) go with the second DEL that runtimes
 * send, or with GC.
 */
export async function remove(
  { nft, iptables }: Places,
  attachment: Attachment,
  { hint, setting }: Likely,
): Promise<Removal> {
  const [first, second]: [Backend, Backend] = setting === 'iptables' ? [iptables, nft] : [nft, iptables]
  const removal = await first.remove(attachment, hint)
  if (!isOpen(removal)) return removal
  const other = await second.remove(attachment, hint)
  if (removal.outcome !== 'unusable') return isHarmless(other) ? removal : other
  return other.outcome === 'unusable'
    ? { outcome: 'unusable', said: `${removal.said}, ${other.said}` }
    : other
}

/** What hangs or is locked would fare no better with another tool. */
function isOpen(removal: Removal): removal is Exclude<Removal, { outcome: 'removed' | 'unknown' }> {
  return removal.outcome === 'unusable' || (removal.outcome === 'absent' && removal.mayBeElsewhere)
}

/** A tool that is not there has put no rules. */
function isHarmless({ outcome }: Removal): boolean {
  return outcome === 'unusable'
}
