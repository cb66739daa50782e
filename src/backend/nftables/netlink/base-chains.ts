import type { BaseChain } from '../base-chain'
import type { Outcome } from '../carrier'
import { must, reading } from './ask'
import { CHAIN, HOOK, MESSAGES } from './protocol'
import type { Session } from './session'
import { HOOK_NAMES } from './structure'
import { attributesOf, parseAttributes, readText, readU32 } from './wire'

/**
 * How often to read a list that others change meanwhile. Chains come and go rarely, and a chain that is listed twice does
 * no harm.
 */
const ATTEMPTS = 3

export function readBaseChains(session: Session): Outcome<readonly BaseChain[]> {
  return reading(session, () => {
    for (let attempt = 1; ; attempt++) {
      const { messages, wasInterrupted } = must(session.dump(MESSAGES.getChain, undefined, ANY_FAMILY))
      if (wasInterrupted && attempt < ATTEMPTS) continue
      return messages.flatMap((message) => baseChainIn(message.payload))
    }
  })
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

/** Parses a base chain. `payload` begins with struct nfgenmsg, whose first byte is the family. */
function baseChainIn(payload: Uint8Array): BaseChain[] {
  const attributes = attributesOf({ payload })
  const hook = attributes.get(CHAIN.hook)
  if (!hook) return []
  const parts = parseAttributes(hook)
  const number = readU32(parts.get(HOOK.number)) ?? -1
  return [
    {
      family: FAMILIES[payload[0] ?? 0] ?? `${payload[0]}`,
      table: readText(attributes.get(CHAIN.table)),
      name: readText(attributes.get(CHAIN.name)),
      type: readText(attributes.get(CHAIN.type)),
      hook: HOOK_NAMES[number] ?? `${number}`,
      // The number is signed.
      priority: (readU32(parts.get(HOOK.priority)) ?? 0) | 0,
    },
  ]
}
