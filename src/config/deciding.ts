import { type Address, digitsOf } from '../policy/address'
import { type Range, rangeUpTo } from '../policy/range'
import { borders, itemAt, type Step, stepsOf } from '../policy/steps'
import type { Reason } from './reason'
import type { FamilyReasons, Layer } from './reasons'

/** A part of the destinations in question, and the reason that decides for all of it. */
export interface Part {
  readonly range: Range
  readonly reason: Reason
  /** `policies[1]`, if there are several policies and one of them decides. */
  readonly policy?: string
}

/** Finds the reason that decides for a destination, by the rules of policy/decide.ts and policy/several.ts. */
export interface Decider {
  readonly at: (destination: Address) => Omit<Part, 'range'>
  /** Splits a range into parts, in address order; neighbours have different reasons. */
  readonly within: (range: Range) => Part[]
}

interface Prepared extends Layer {
  readonly listed: readonly Step<Reason>[]
  /** Absent if the layer is about all destinations. */
  readonly reached?: readonly Step<Reason>[]
}

export function deciderOf({ family, layers, rest }: FamilyReasons): Decider {
  const prepared = layers.map((layer): Prepared => {
    const { reasons, reach } = layer
    return {
      ...layer,
      listed: stepsOf(family, reasons),
      ...(reach && { reached: stepsOf(family, reach) }),
    }
  })
  const decide = (digits: string) => decideAt(prepared, rest, digits)
  const all = prepared.flatMap(({ listed, reached = [] }) => [listed, reached])
  return {
    at: (destination) => decide(digitsOf(destination)),
    within: (range) => {
      const parts: Part[] = []
      for (const first of borders(range, all)) {
        const last = parts.at(-1)
        const decided = decide(first)
        if (last?.reason === decided.reason) continue
        if (last) parts[parts.length - 1] = { ...last, range: rangeUpTo(last.range.first, first) }
        parts.push({ range: { ...range, first }, ...decided })
      }
      return parts
    },
  }
}

function decideAt(layers: readonly Prepared[], rest: Reason, digits: string): Omit<Part, 'range'> {
  let exempt: Omit<Part, 'range'> | undefined
  for (const layer of layers) {
    const policy = layer.policy === undefined ? {} : { policy: layer.policy }
    const reached = layer.reached ? itemAt(layer.reached, digits) : layer.rest
    if (!reached) continue
    const listed = itemAt(layer.listed, digits)
    if (listed?.verdict !== 'exempt') return { reason: listed ?? reached, ...policy }
    exempt ??= { reason: listed, ...policy }
  }
  return exempt ?? { reason: rest }
}
