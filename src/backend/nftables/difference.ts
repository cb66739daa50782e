import type { Address } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { Range } from '../../policy/range'
import { formatRange } from '../../policy/range-text'
import { ATTACHMENTS, OWNERS, POD_MAPS } from './layout'
import { renderLine, renderVerdict, TABLE } from './render'
import type { Foreign, Line, Target } from './table'

/** How the table differs from what we would set up. It stays a value, so that it can be compared, until it is reported. */
export type Difference =
  | { readonly is: 'no-table' | 'dormant' }
  | { readonly is: 'missing'; readonly kind: 'map' | 'set' | 'chain'; readonly name: string }
  | { readonly is: 'another-type'; readonly kind: 'map' | 'set'; readonly name: string }
  | { readonly is: 'foreign-hook' | 'reordered'; readonly chain: string }
  | { readonly is: 'missing-line' | 'unexpected-line'; readonly chain: string; readonly line: Line }
  | {
      readonly is: 'missing-range' | 'unexpected-range'
      readonly set: string
      readonly range: Range | Foreign
    }
  | { readonly is: 'no-rule' | 'no-owner' | 'surplus'; readonly address: Address }
  | {
      readonly is: 'another-verdict'
      readonly address: Address
      readonly found: Target
      readonly expected: Target
    }
  | { readonly is: 'another-owner'; readonly address: Address; readonly comment: string | undefined }
  | { readonly is: 'other-slots'; readonly found: readonly Address[]; readonly expected: readonly Address[] }

/** Words a difference as one line for people. */
export function wordDifference(one: Difference): string {
  switch (one.is) {
    case 'no-table':
      return `table ${TABLE}: missing`
    case 'dormant':
      return `table ${TABLE}: dormant, so its chains are not hooked`
    case 'missing':
      return `${one.kind} ${one.name}: missing`
    case 'another-type':
      return `${one.kind} ${one.name}: wrong type`
    case 'foreign-hook':
      return `chain ${one.chain}: unexpected base chain`
    case 'reordered':
      return `chain ${one.chain}: lines are in the wrong order`
    case 'missing-line':
      return `chain ${one.chain}: missing line "${renderLine(one.line)}"`
    case 'unexpected-line':
      return `chain ${one.chain}: unexpected line "${renderLine(one.line)}"`
    case 'missing-range':
      return `set ${one.set}: missing element "${wordRange(one.range)}"`
    case 'unexpected-range':
      return `set ${one.set}: unexpected element "${wordRange(one.range)}"`
    default:
      return wordElement(one)
  }
}

function wordRange(range: Range | Foreign): string {
  return 'text' in range ? range.text : formatRange(range)
}

/** Words a difference in the elements of one attachment. */
function wordElement(one: Extract<Difference, { address: Address } | { is: 'other-slots' }>): string {
  switch (one.is) {
    case 'no-rule':
      return `map ${POD_MAPS[one.address.family]}: missing element ${formatAddress(one.address)}`
    case 'another-verdict': {
      const [found, expected] = [renderVerdict(one.found), renderVerdict(one.expected)]
      const [map, text] = [POD_MAPS[one.address.family], formatAddress(one.address)]
      return `map ${map}: the verdict of ${text} is "${found}", not "${expected}"`
    }
    case 'no-owner':
      return `map ${OWNERS}: missing element ${formatAddress(one.address)}`
    case 'another-owner': {
      const text = formatAddress(one.address)
      return `map ${OWNERS}: ${text} belongs to another attachment (${one.comment ?? 'no comment'})`
    }
    case 'surplus':
      return `map ${OWNERS}: unexpected element ${formatAddress(one.address)}`
    case 'other-slots': {
      const [found, expected] = [one.found, one.expected].map((list) => list.map(formatAddress).join(', '))
      return `map ${ATTACHMENTS}: has "${found}" for the attachment, not "${expected}"`
    }
    default:
      return one satisfies never
  }
}
