import { toCniError } from '../../cni/error'
import type { Replacement } from '../backend'
import { attachmentId } from '../identity'
import { ifItWorks } from '../tolerances'
import type { Places } from './place'
import { ANYWHERE, remove } from './remove'

/** The attachments whose DEL came within the last two minutes. A DEL leaves its tombstone in one of the places. */
export async function goneFrom({
  nftables,
  iptables,
  mayBeInIptables,
}: Places): Promise<ReadonlySet<string>> {
  const here = (await ifItWorks(() => nftables.gone())) ?? []
  const there = (await mayBeInIptables()) ? await ifItWorks(() => iptables.gone()) : undefined
  return new Set([...here, ...(there ?? [])])
}

/**
 * Runs after a restore. A restore reads the result cache first and writes later, and a DEL that comes in between finds
 * nothing. Such a DEL has left a tombstone, and the rules that were restored are removed again.
 */
export async function takeBack(places: Places, replacement: Replacement): Promise<Replacement> {
  if (replacement.changes.length === 0) return replacement
  let gone: ReadonlySet<string>
  try {
    gone = await goneFrom(places)
  } catch (error) {
    const why = toCniError(error).message
    return {
      ...replacement,
      unrepaired: [...replacement.unrepaired, `Cannot tell whether a DEL came meanwhile: ${why}`],
    }
  }
  const isGone = ({ attachment }: Replacement['changes'][number]) => gone.has(attachmentId(attachment))
  const failures: string[] = []
  for (const { attachment, addresses } of replacement.changes.filter(isGone)) {
    const removal = await remove(places, attachment, { hint: addresses, where: ANYWHERE })
    if ('said' in removal) {
      const name = `${attachment.containerID} ${attachment.ifname}`
      failures.push(`${name}: its DEL came meanwhile, and its rules may be left behind: ${removal.said}`)
    }
  }
  return {
    ...replacement,
    changes: replacement.changes.filter((change) => !isGone(change)),
    unrepaired: [...replacement.unrepaired, ...failures],
  }
}
