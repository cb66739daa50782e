import type { Pruned } from './backend'

/** What several backends, or several kinds of one, removed together. */
export function mergePruned(parts: readonly Pruned[]): Pruned {
  return {
    removed: parts.flatMap(({ removed }) => removed),
    policies: parts.flatMap(({ policies }) => policies),
    failures: parts.flatMap(({ failures }) => failures),
  }
}
