import type { JsonObject } from '../cni/json'
import type { Settings } from '../config/intent'
import type { Reason } from '../config/reason'
import { reasonsFor } from '../config/reasons'
import { FAMILY_NAMES, type Family } from '../policy/address'
import { formatPrefix, type InterfaceAddress, type Prefix } from '../policy/prefix'
import { enclosing, keyOf } from './enclosing'
import { type Pointless, pointlessKeys } from './pointless-keys'

interface Known {
  /** The config as it is written. */
  readonly raw: JsonObject
  readonly ips: readonly InterfaceAddress[]
  /** Whether all files that the config names have been read. */
  readonly isWhole: boolean
}

export function pointlessIn(settings: Settings, known: Known): Pointless[] {
  return [
    ...pointlessKeys(settings.config),
    ...FAMILY_NAMES.flatMap((family) => ofFamily(settings, known, family)),
  ]
}

/** The reasons are those that `ip-masq explain` gives; one that decides for no destination is pointless. */
function ofFamily(settings: Settings, { raw, ips, isWhole }: Known, family: Family): Pointless[] {
  const { layers } = reasonsFor({ settings, raw, at: { file: '' }, namespace: '', ips }, family)
  const [layer, ...others] = layers
  // Each of several Windows policies has its own exceptions. An entry that one of them does not need may be necessary
  // in another.
  if (!layer || others.length > 0) return []
  const { reasons } = layer
  const judged = { outerOf: enclosing(reasons), equals: groupsOf(reasons), isWhole }
  return reasons.flatMap((reason) => {
    const { cause, where, prefix } = reason
    const why = cause.kind === 'key' ? whyPointless(reason, judged) : undefined
    if (why === undefined || !where) return []
    return { path: where.path, message: `${cause.text} "${formatPrefix(prefix)}" has no effect: ${why}` }
  })
}

interface Judged {
  readonly outerOf: (prefix: Prefix) => Reason | undefined
  /** All reasons of one prefix, in order. */
  readonly equals: ReadonlyMap<string, readonly Reason[]>
  readonly isWhole: boolean
}

function whyPointless(reason: Reason, { outerOf, equals, isWhole }: Judged): string | undefined {
  const { prefix, verdict } = reason
  const [first = reason, ...others] = equals.get(keyOf(prefix)) ?? []
  if (first !== reason && first.verdict === verdict)
    return `the list already has it, as ${nameOf(first)}; remove one of the two`
  const outer = outerOf(prefix)
  // If two entries have the same prefix, the one that masquerades decides.
  if (others.some((other) => other.verdict !== verdict)) return undefined
  if (outer?.verdict === verdict)
    return `it is a part of ${nameOf(outer)} "${formatPrefix(outer.prefix)}"; remove it`
  if (verdict === 'masqueraded' && !outer && isWhole) return 'nothing here exempts it; remove it'
  return undefined
}

function groupsOf(reasons: readonly Reason[]): Map<string, Reason[]> {
  const groups = new Map<string, Reason[]>()
  for (const reason of reasons) {
    const key = keyOf(reason.prefix)
    const known = groups.get(key)
    if (known) known.push(reason)
    else groups.set(key, [reason])
  }
  return groups
}

function nameOf({ cause, where }: Reason): string {
  if (cause.kind === 'file' && where) return `${cause.text} of ${where.file}`
  return cause.kind === 'builtIn' ? `the built-in ${cause.text}` : cause.text
}
