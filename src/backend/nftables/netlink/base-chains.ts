import type { BaseChain } from '../base-chain'
import type { Outcome } from '../carrier'
import { must, reading } from './ask'
import { CHAIN, DORMANT, HOOK, MESSAGES, TABLE } from './protocol'
import type { Session } from './session'
import { HOOK_NAMES } from './structure'
import { attributesOf, parseAttributes, readText, readU32 } from './wire'

/**
 * How often to read a list that others change meanwhile. Chains come and go rarely, and a chain that is listed twice does
 * no harm.
 */
const ATTEMPTS = 3

/** Chains of dormant tables are left out, because the kernel hooks none of them. */
export function readBaseChains(session: Session): Outcome<readonly BaseChain[]> {
  return reading(session, () => {
    const dormant = new Set(listed(session, MESSAGES.getTable).flatMap(dormantTableIn))
    const chains = listed(session, MESSAGES.getChain).flatMap(baseChainIn)
    return chains.filter(({ family, table }) => !dormant.has(`${family} ${table}`))
  })
}

/** What a dump of all families lists; each payload begins with struct nfgenmsg, whose first byte is the family. */
function listed(session: Session, type: number): Uint8Array[] {
  for (let attempt = 1; ; attempt++) {
    const { messages, wasInterrupted } = must(session.dump(type, undefined, ANY_FAMILY))
    if (wasInterrupted && attempt < ATTEMPTS) continue
    return messages.map(({ payload }) => payload)
  }
}

/** NFPROTO_UNSPEC */
const ANY_FAMILY = 0

/** NFPROTO_INET, _IPV4, _ARP, _NETDEV, _BRIDGE, _IPV6 */
const FAMILIES: Readonly<Record<number, string>> = {
  1: 'inet',
  2: 'ip',
  3: 'arp',
  5: 'netdev',
  7: 'bridge',
  10: 'ip6',
}

function familyIn(payload: Uint8Array): string {
  return FAMILIES[payload[0] ?? 0] ?? `${payload[0]}`
}

/** `ip nat`, if the table is dormant. */
function dormantTableIn(payload: Uint8Array): string[] {
  const attributes = attributesOf({ payload })
  const flags = readU32(attributes.get(TABLE.flags)) ?? 0
  return flags & DORMANT ? [`${familyIn(payload)} ${readText(attributes.get(TABLE.name))}`] : []
}

function baseChainIn(payload: Uint8Array): BaseChain[] {
  const attributes = attributesOf({ payload })
  const hook = attributes.get(CHAIN.hook)
  if (!hook) return []
  const parts = parseAttributes(hook)
  const number = readU32(parts.get(HOOK.number)) ?? -1
  return [
    {
      family: familyIn(payload),
      table: readText(attributes.get(CHAIN.table)),
      name: readText(attributes.get(CHAIN.name)),
      type: readText(attributes.get(CHAIN.type)),
      hook: HOOK_NAMES[number] ?? `${number}`,
      // The number is signed.
      priority: (readU32(parts.get(HOOK.priority)) ?? 0) | 0,
    },
  ]
}
