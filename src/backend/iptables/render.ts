import { FAMILIES } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import { formatPorts, type PortRange } from '../../policy/ports'
import { formatPrefix, type Prefix } from '../../policy/prefix'
import { endsOf } from '../../policy/range'
import type { Operation, Rule, Target, Transaction } from './transaction'

/** The script for `iptables-restore --noflush`. */
export function renderTransaction(transaction: Transaction): string {
  return ['*nat', ...transaction.map(renderOperation), 'COMMIT', ''].join('\n')
}

function renderOperation(operation: Operation): string {
  switch (operation.do) {
    case 'new-chain':
      return `-N ${operation.chain}`
    case 'clear-chain':
      return `:${operation.chain} - [0:0]`
    case 'append':
      return `-A ${operation.chain} ${renderRule(operation.rule)}`
    case 'insert':
      return `-I ${operation.chain} 1 ${renderRule(operation.rule)}`
    case 'delete-rule':
      return `-D ${operation.chain} ${renderRule(operation.rule)}`
    case 'check-rule':
      return `-C ${operation.chain} ${renderRule(operation.rule)}`
    case 'flush-chain':
      return `-F ${operation.chain}`
    case 'delete-chain':
      return `-X ${operation.chain}`
    default:
      return operation satisfies never
  }
}

/** Renders a rule in the order and spelling of `iptables -S`, so that CHECK can compare. */
export function renderRule(rule: Rule): string {
  const { source, destination, out, isDnat, protocol, probability, comment, target } = rule
  return [
    ...renderPrefix('-s', source),
    ...renderPrefix('-d', destination),
    ...(out ? ['-o', `${out.name}${out.isWildcard ? '+' : ''}`] : []),
    ...(protocol ? ['-p', protocol] : []),
    ...(isDnat ? ['-m', 'conntrack', '--ctstate', 'DNAT'] : []),
    ...(probability === undefined
      ? []
      : ['-m', 'statistic', '--mode', 'random', '--probability', chance(probability)]),
    ...(comment === undefined ? [] : ['-m', 'comment', '--comment', `"${comment}"`]),
    ...renderTarget(target),
  ].join(' ')
}

/** A prefix of length 0 is not printed. */
function renderPrefix(option: string, prefix: Prefix | undefined): string[] {
  return prefix && prefix.length > 0 ? [option, formatPrefix(prefix)] : []
}

/** The probability as iptables prints what the kernel keeps: 31 bits. */
function chance(probability: number): string {
  return (Math.round(probability * 0x80000000) / 0x80000000).toFixed(11)
}

function renderTarget(target: Target): string[] {
  switch (target.to) {
    case 'jump':
      return ['-j', target.chain]
    case 'goto':
      return ['-g', target.chain]
    case 'return':
      return ['-j', 'RETURN']
    case 'accept':
      return ['-j', 'ACCEPT']
    case 'masquerade':
      return ['-j', 'MASQUERADE', ...renderToPorts(target.ports), ...renderRandom(target.fullyRandom)]
    case 'snat':
      return ['-j', 'SNAT', '--to-source', renderSource(target), ...renderRandom(target.fullyRandom)]
    default:
      return target satisfies never
  }
}

function renderToPorts(ports: PortRange | undefined): string[] {
  return ports ? ['--to-ports', formatPorts(ports)] : []
}

function renderRandom(fullyRandom: boolean): string[] {
  return fullyRandom ? ['--random-fully'] : []
}

function renderSource({ source, ports }: Target & { to: 'snat' }): string {
  const ends = endsOf(source).map(formatAddress).join('-')
  if (!ports) return ends
  const [open, close] = FAMILIES[source.family].brackets
  return `${open}${ends}${close}:${formatPorts(ports)}`
}
