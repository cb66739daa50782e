import { FAMILIES, formatAddress } from '../../policy/address'
import { formatPrefix } from '../../policy/prefix'
import type { Element, Operation, Rule, Transaction } from './transaction'

export const TABLE = 'inet ip-masq'

/** Before srcnat (100), where kube-proxy, docker and firewalld masquerade: the first NAT rule of a flow stands. */
export const HOOK = 'type nat hook postrouting priority srcnat - 1'

/** The script for `nft -f -`: one line per operation, in order. */
export function renderTransaction(transaction: Transaction): string {
  return transaction.map((operation) => `${renderOperation(operation)}\n`).join('')
}

function renderOperation(operation: Operation): string {
  switch (operation.do) {
    case 'add-table':
      return `add table ${TABLE}`
    case 'add-map': {
      const value = operation.value === 'verdict' ? 'verdict' : FAMILIES[operation.value].nftType
      return `add map ${TABLE} ${operation.name} { type ${FAMILIES[operation.key].nftType} : ${value}; }`
    }
    case 'add-set':
      return `add set ${TABLE} ${operation.name} { type ${FAMILIES[operation.key].nftType}; flags interval; }`
    case 'add-base-chain':
      return `add chain ${TABLE} ${operation.name} { ${HOOK}; policy accept; }`
    case 'add-chain':
      return `add chain ${TABLE} ${operation.name}`
    case 'flush-chain':
      return `flush chain ${TABLE} ${operation.name}`
    case 'flush-set':
      return `flush set ${TABLE} ${operation.name}`
    case 'delete-chain':
      return `delete chain ${TABLE} ${operation.name}`
    case 'delete-set':
      return `delete set ${TABLE} ${operation.name}`
    case 'add-rule':
      return `add rule ${TABLE} ${operation.chain} ${renderRule(operation.rule)}`
    case 'add-elements':
      return `add element ${TABLE} ${operation.set} { ${operation.elements.map(renderElement).join(', ')} }`
    case 'delete-element':
      return `delete element ${TABLE} ${operation.set} { ${formatAddress(operation.key)} }`
    default:
      return operation satisfies never
  }
}

/** In the spelling that nft prints, so that CHECK can compare it with a listing. */
export function renderRule(rule: Rule): string {
  switch (rule.do) {
    case 'dispatch':
      return `${rule.family} saddr vmap @${rule.map}`
    case 'exempt':
      return `${rule.family} daddr @${rule.set} return`
    case 'masquerade':
      return rule.fullyRandom ? 'masquerade fully-random' : 'masquerade'
    default:
      return rule satisfies never
  }
}

function renderElement(element: Element): string {
  if ('goto' in element) return `${formatAddress(element.key)} : goto ${element.goto}`
  if (!('value' in element)) return formatPrefix(element.key)
  const comment = element.comment ? ` comment "${element.comment}"` : ''
  return `${formatAddress(element.key)}${comment} : ${formatAddress(element.value)}`
}
