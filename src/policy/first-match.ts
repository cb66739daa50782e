import { addressOf, FAMILIES, type Family } from './address'
import { type Prefix, subnetOf } from './prefix'
import { endOf, type Range } from './range'

/** A prefix, and what happens to destinations in it that no earlier rule matched. */
export interface MatchRule<Verdict> {
  readonly prefix: Prefix
  readonly verdict: Verdict
}

/** Destinations from here up to the next step have this verdict. */
interface Step<Verdict> {
  readonly from: bigint
  readonly verdict: Verdict
}

/**
 * The fewest prefixes that, checked in order, give each range its verdict and everything else `otherwise`. They serve a
 * firewall that takes the first rule that matches and knows only prefixes. The longest prefix comes first. (This is the
 * optimal routing table of Draves et al., 1999, for a table without shared next hops.) 10.0.0.0/8 without one address is
 * two rules.
 */
export function firstMatchRules<Verdict>(
  family: Family,
  ranges: readonly { readonly range: Range; readonly verdict: Verdict }[],
  otherwise: Verdict,
): MatchRule<Verdict>[] {
  const bits = FAMILIES[family].bits
  const steps = toSteps(family, ranges, otherwise)
  const verdicts = [...new Set(steps.map(({ verdict }) => verdict))]
  const rules: MatchRule<Verdict>[] = []
  const root = solve(steps, 0, { base: 0n, length: 0, bits }, verdicts)
  emit(root, undefined, verdicts, (node, verdict) => {
    rules.push({ prefix: subnetOf({ family, value: node.base }, node.length), verdict })
  })
  return rules.sort(
    (a, b) => b.prefix.length - a.prefix.length || (a.prefix.digits < b.prefix.digits ? -1 : 1),
  )
}

/** The whole address space, cut where the verdict changes. */
function toSteps<Verdict>(
  family: Family,
  ranges: readonly { readonly range: Range; readonly verdict: Verdict }[],
  otherwise: Verdict,
): Step<Verdict>[] {
  const sorted = [...ranges].sort((a, b) => (a.range.first < b.range.first ? -1 : 1))
  const steps: Step<Verdict>[] = []
  let at = 0n
  for (const { range, verdict } of sorted) {
    const first = addressOf(range.first).value
    if (first > at) steps.push({ from: at, verdict: otherwise })
    steps.push({ from: first, verdict })
    at = endOf(range)
  }
  if (at < 1n << BigInt(FAMILIES[family].bits)) steps.push({ from: at, verdict: otherwise })
  return steps
}

interface Place {
  readonly base: bigint
  readonly length: number
  readonly bits: number
}

/** A prefix, and for each verdict that it may inherit from outside, what its inside costs. */
interface Node<Verdict> extends Place {
  readonly costs: readonly number[]
  /** Present only if the verdict changes inside. */
  readonly halves?: readonly [Node<Verdict>, Node<Verdict>]
  readonly verdict?: Verdict
}

function solve<Verdict>(
  steps: readonly Step<Verdict>[],
  index: number,
  place: Place,
  verdicts: readonly Verdict[],
): Node<Verdict> {
  const size = 1n << BigInt(place.bits - place.length)
  let at = index
  for (let next = steps[at + 1]; next && next.from <= place.base; next = steps[at + 1]) at += 1
  const [step, next] = [steps[at], steps[at + 1]]
  if (!step) throw new Error('there is no step')
  if (!next || next.from >= place.base + size) {
    return { ...place, verdict: step.verdict, costs: verdicts.map((one) => (one === step.verdict ? 0 : 1)) }
  }
  const length = place.length + 1
  const left = solve(steps, at, { ...place, length }, verdicts)
  const right = solve(steps, at, { ...place, base: place.base + size / 2n, length }, verdicts)
  const inherited = verdicts.map((_, i) => (left.costs[i] ?? 0) + (right.costs[i] ?? 0))
  const own = 1 + Math.min(...inherited)
  return { ...place, halves: [left, right], costs: inherited.map((cost) => Math.min(cost, own)) }
}

function emit<Verdict>(
  node: Node<Verdict>,
  inherited: Verdict | undefined,
  verdicts: readonly Verdict[],
  write: (node: Node<Verdict>, verdict: Verdict) => void,
): void {
  if (!node.halves) {
    if (node.verdict !== undefined && node.verdict !== inherited) write(node, node.verdict)
    return
  }
  const [left, right] = node.halves
  const sums = verdicts.map((_, i) => (left.costs[i] ?? 0) + (right.costs[i] ?? 0))
  const best = verdicts[sums.indexOf(Math.min(...sums))]
  const kept = inherited === undefined ? Number.POSITIVE_INFINITY : (sums[verdicts.indexOf(inherited)] ?? 0)
  const verdict = kept <= 1 + Math.min(...sums) ? inherited : best
  if (verdict !== undefined && verdict !== inherited) write(node, verdict)
  for (const half of node.halves) emit(half, verdict, verdicts, write)
}
