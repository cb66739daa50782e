/** The result of a check. The compiler requires a reason and a remedy for each fault. */
export type Finding = Well | Remark | Fault | Unseen

/** Something is as it should be. */
interface Well {
  readonly check: CheckName
  readonly level: 'ok'
  readonly what: string
}

/** Something is worth knowing, and no reason to act. */
interface Remark {
  readonly check: CheckName
  readonly level: 'note'
  readonly what: string
  readonly why?: string
  readonly mend?: string
}

/**
 * warning  some pods or some destinations may be affected, now or after the next change
 * error    pods are affected now, or the next ADD or DEL will fail
 */
interface Fault {
  readonly check: CheckName
  readonly level: 'warning' | 'error'
  readonly what: string
  /** The consequence. */
  readonly why: string
  /** The command or the change that mends it. */
  readonly mend: string
}

/** Something had to be looked at, and could not be. */
interface Unseen {
  readonly check: CheckName
  readonly level: 'unseen'
  readonly what: string
  readonly mend: string
}

export type Level = Finding['level']

/** The names that programs know the checks by; docs/json.md lists them. */
export const CHECKS = [
  ...(['executable', 'executable-owner', 'executable-integrity', 'executable-copies'] as const),
  ...(['nft', 'iptables', 'iptables-kinds', 'ip'] as const),
  ...(['privileges', 'kernel-version', 'nf-tables', 'kernel-nat', 'backends'] as const),
  ...(['ipv4-forwarding', 'ipv6-forwarding', 'reverse-path-filter', 'bridge-netfilter'] as const),
  ...(['postrouting-order', 'foreign-masquerade', 'primary-masquerade'] as const),
  ...(['conflists', 'networks', 'drop-ins', 'result-caches'] as const),
  ...(['drift', 'stale-rules', 'sync', 'check', 'keeper'] as const),
  ...(['conntrack-table', 'conntrack-losses', 'source-ports'] as const),
] as const

export type CheckName = (typeof CHECKS)[number]

interface Words {
  readonly what: string
  readonly why: string
  readonly mend: string
}

export function ok(check: CheckName, what: string): Finding {
  return { check, level: 'ok', what }
}

export function note(
  check: CheckName,
  what: string,
  more: Partial<Pick<Words, 'why' | 'mend'>> = {},
): Finding {
  return { check, level: 'note', what, ...more }
}

export function warning(check: CheckName, words: Words): Finding {
  return { check, level: 'warning', ...words }
}

export function error(check: CheckName, words: Words): Finding {
  return { check, level: 'error', ...words }
}

export function unseen(check: CheckName, words: Omit<Words, 'why'>): Finding {
  return { check, level: 'unseen', ...words }
}

/** 2 takes precedence over 1, because something that was not looked at may be worse than the findings. */
export function exitStatus(findings: readonly Finding[]): 0 | 1 | 2 {
  const has = (...levels: readonly Level[]) => findings.some(({ level }) => levels.includes(level))
  if (has('unseen')) return 2
  return has('warning', 'error') ? 1 : 0
}
