import { FAMILIES, formatAddress } from '../../policy/address'
import { formatPorts } from '../../policy/ports'
import { endsOf, formatRange, parsePrintedRange, type Range } from '../../policy/range'
import type { Element, Operation, Rule, Transaction, Translation } from './transaction'

export const TABLE_NAME = 'ip-masq'
export const TABLE = `inet ${TABLE_NAME}`

/** Before srcnat (100), where kube-proxy, docker and firewalld masquerade: the first NAT rule of a flow stands. */
export const HOOK = 'type nat hook postrouting priority srcnat - 1'

/** The script for `nft -f -`: one line per operation, in order. */
export function renderTransaction(transaction: Transaction): string {
  return transaction.map((operation) => `${renderOperation(operation)}\n`).join('')
}

function renderOperation(operation: Operation): string {
  switch (operation.do) {
    case 'delete-table':
      return `delete table ${TABLE}`
    case 'add-table':
      return `add table ${TABLE}`
    case 'add-map': {
      const value = operation.value === 'verdict' ? 'verdict' : FAMILIES[operation.value].nftType
      const flags = operation.hasTimeout ? ' flags timeout;' : ''
      return `add map ${TABLE} ${operation.name} { type ${FAMILIES[operation.key].nftType} : ${value};${flags} }`
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
    case 'delete-map':
      return `delete map ${TABLE} ${operation.name}`
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
      return `${rule.family} daddr @${rule.set} ${rule.onlyDnat ? 'ct status dnat ' : ''}return`
    case 'pin':
      return `${rule.family} daddr @${rule.set} snat ${rule.family} to ${rule.family} saddr`
    case 'limit':
      return `${rule.family} daddr != @${rule.set} return`
    case 'divert':
      return `${rule.family} daddr @${rule.set} goto ${rule.chain}`
    case 'skip-family':
      return `meta nfproto ${FAMILIES[rule.family].nfproto} return`
    case 'leave-through':
      return `oifname "${rule.interface.name}${rule.interface.isWildcard ? '*' : ''}" goto ${rule.chain}`
    case 'translate':
      return renderTranslation(rule)
    default:
      return rule satisfies never
  }
}

function renderTranslation({ family, ports, to, fullyRandom }: Translation): string {
  // `snat ip to` matches the family by itself, and nft prints no match besides.
  const match = family && !to ? `meta nfproto ${FAMILIES[family].nfproto} ` : ''
  const protocol = ports ? `meta l4proto ${ports.protocol} ` : ''
  const draw = ports?.draw ? `numgen random mod ${ports.draw.of} < ${ports.draw.below} ` : ''
  const random = fullyRandom ? ' fully-random' : ''
  const portText = ports ? `:${formatPorts(ports.range)}` : ''
  const masquerade = `masquerade${portText && ` to ${portText}`}`
  const statement = to
    ? `snat ${to.family} to ${renderTarget(to, ports !== undefined)}${portText}`
    : masquerade
  return `${match}${protocol}${draw}${statement}${random}`
}

/** `2001:db8::1-2001:db8::3`; before a port in brackets. Never a prefix: that would map address to address. */
function renderTarget(range: Range, hasPort: boolean): string {
  const [open, close] = hasPort ? FAMILIES[range.family].brackets : ['', '']
  return endsOf(range)
    .map((end) => `${open}${formatAddress(end)}${close}`)
    .join('-')
}

/** A rule as nft printed it. Where a range is a prefix, nft prints that, and no brackets. */
export function normaliseRule(line: string): string {
  const [, start, prefix = '', end] =
    /^(.* to )([0-9a-f.:]+\/\d+)((?::[0-9-]+)?(?: fully-random)?)$/.exec(line) ?? []
  const range = start === undefined ? undefined : parsePrintedRange(prefix)
  return range ? `${start}${renderTarget(range, end?.startsWith(':') ?? false)}${end}` : line
}

function renderElement(element: Element): string {
  if ('range' in element) return formatRange(element.range)
  if ('goto' in element) return `${formatAddress(element.key)} : goto ${element.goto}`
  const timeout = element.timeoutSeconds ? ` timeout ${element.timeoutSeconds}s` : ''
  const comment = element.comment ? ` comment "${element.comment}"` : ''
  return `${formatAddress(element.key)}${timeout}${comment} : ${formatAddress(element.value)}`
}
