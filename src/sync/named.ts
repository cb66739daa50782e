import type { Networks } from '../cni/conflists'
import type { ResultCache } from '../cni/result-cache'
import { absentCaches } from './node-cache'

/** Where the conflists and the result caches are. */
export interface Directories {
  readonly confDir: string
  readonly cacheDirs: readonly string[]
}

/** Which of the directories were named. The usual ones may be absent, because a node without pods has none of them. */
export interface Named {
  readonly confDir: boolean
  readonly cacheDirs: boolean
}

interface Found {
  readonly confDir: string
  readonly networks: Pick<Networks, 'exists'>
  readonly cache: ResultCache
}

/** Directories that should be there and are not, a line each. */
export function absentDirectories({ confDir, networks, cache }: Found, needed: Named): string[] {
  const isLost = needed.confDir && !networks.exists
  return [
    ...(isLost
      ? [`there is no directory ${confDir}; name the right directory with --conf-dir or --profile`]
      : []),
    ...(needed.cacheDirs ? absentCaches(cache) : []),
  ]
}
