import { type CachePlace, noCache } from '../cni/cache-places'
import type { Runtime } from '../install/runtimes'
import { type Finding, note, ok, unseen } from './finding'

/** The runtimes' records of what they started. sync and gc use them. */

export interface Caches {
  readonly cacheDirs: readonly string[]
  /** Somebody named the directories. */
  readonly areNamed: boolean
  readonly places: readonly CachePlace[]
  /** The directories that have no cache. */
  readonly absent: readonly string[]
  /** The runtimes that answer on their sockets. */
  readonly runtimes: readonly Runtime[]
  /** Something has rules, so some runtime has pods here. Undefined if nobody could look. */
  readonly hasRules: boolean | undefined
}

export function checkCaches(caches: Caches): readonly Finding[] {
  const { places, absent, areNamed, hasRules, cacheDirs, runtimes } = caches
  const check = 'result-caches'
  const found = [
    ...runtimes.map(({ name, version }) =>
      ok(check, `${name}${version === undefined ? '' : ` ${version}`} answers on its socket`),
    ),
    ...places.map(({ directory, runtime }) => ok(check, `read ${directory} (${runtime})`)),
  ]
  const missing = places.length === 0 ? cacheDirs : absent
  if (missing.length === 0) return found
  const what = noCache(missing)
  if (areNamed || hasRules === true) {
    const mend = 'name the directories of all runtimes with --cache-dir'
    return [...found, unseen(check, { what: `Cannot tell which pods are here: ${what}`, mend })]
  }
  const why = 'a runtime makes it with its first pod; one that keeps it elsewhere needs --cache-dir'
  return [...found, note(check, what, { why })]
}
