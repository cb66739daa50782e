import { MalformedError } from '../policy/address-text'

/** A Kubernetes namespace, or all whose names begin with this text. */
export interface NamespacePattern {
  readonly name: string
  readonly isWildcard: boolean
}

/** `shop`, or `team-*`; a namespace is an RFC 1123 label. */
export function parseNamespacePattern(text: string): NamespacePattern {
  const isWildcard = text.endsWith('*')
  const name = isWildcard ? text.slice(0, -1) : text
  if (name.includes('*')) throw new MalformedError('write "*" at the end only, as in "team-*"')
  const label = isWildcard ? /^([a-z0-9][a-z0-9-]*)?$/ : /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/
  if (!label.test(name) || name.length > 63) {
    const advice = 'lower-case letters, digits and "-", at most 63'
    throw new MalformedError(`write a namespace, as in "kube-system", or "team-*": ${advice}`)
  }
  return { name, isWildcard }
}

/** Whether a pattern matches. None matches a pod whose namespace is not known. */
export function matchesAny(patterns: readonly NamespacePattern[], namespace: string): boolean {
  if (namespace === '') return false
  return patterns.some(({ name, isWildcard }) =>
    isWildcard ? namespace.startsWith(name) : namespace === name,
  )
}
