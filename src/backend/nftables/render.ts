import { FAMILIES } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import { formatPorts } from '../../policy/ports'
import { endsOf, type Range } from '../../policy/range'
import { formatRange } from '../../policy/range-text'
import { TABLE_NAME } from './layout'
import { HOOK, type Hook, type Line, type Target } from './table'
import type { Element, Operation, Rule, Transaction, Translation } from './transaction'

export const TABLE = `inet ${TABLE_NAME}`

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
      return `add chain ${TABLE} ${operation.name} { ${renderHook(HOOK)}; policy accept; }`
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

/** Renders a line of a chain as nft prints it. */
export function renderLine(line: Line): string {
  switch (line.do) {
    case 'hook':
      return renderHook(line)
    case 'policy':
      return `policy ${line.verdict}`
    case 'foreign':
      return line.text
    default:
      return renderRule(line)
  }
}

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
  // `snat ip to` matches the family by itself, and nft prints no other match for it.
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

/**
 * `2001:db8::1-2001:db8::3`, in brackets before a port. It is never a prefix, because nft would map address to address
 * then.
 */
function renderTarget(range: Range, hasPort: boolean): string {
  const [open, close] = hasPort ? FAMILIES[range.family].brackets : ['', '']
  return endsOf(range)
    .map((end) => `${open}${formatAddress(end)}${close}`)
    .join('-')
}

/** The verdict in an element of `pods-ip`, as nft prints it. */
export function renderVerdict(verdict: Target): string {
  return 'goto' in verdict ? `goto ${verdict.goto}` : verdict.text
}

function renderHook({ type, hook, priority }: Hook): string {
  return `type ${type} hook ${hook} priority ${renderPriority(priority)}`
}

/** nft's names for priorities (libnftables' `std_prios`). */
export const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
}

/** Up to this distance from a name, nft prints name and distance; beyond it, a number. */
const NEAR = 10

function renderPriority(priority: number): string {
  for (const [name, value] of Object.entries(PRIORITIES)) {
    const distance = priority - value
    if (distance === 0) return name
    if (Math.abs(distance) <= NEAR) return `${name} ${distance < 0 ? '-' : '+'} ${Math.abs(distance)}`
  }
  return `${priority}`
}

function renderElement(element: Element): string {
  if ('range' in element) return formatRange(element.range)
  if ('goto' in element) return `${formatAddress(element.key)} : ${renderVerdict(element)}`
  const timeout = element.timeoutSeconds ? ` timeout ${element.timeoutSeconds}s` : ''
  const comment = element.comment ? ` comment "${element.comment}"` : ''
  return `${formatAddress(element.key)}${timeout}${comment} : ${formatAddress(element.value)}`
}
