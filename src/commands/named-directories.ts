import { statusIfThere } from '#system/files'
import { CniError } from '../cni/error'
import { DEFAULT_CACHE_DIR } from '../cni/paths'
import { PROFILES } from '../install/profiles'
import type { Directories, Named } from '../sync/named'
import { readNodeCache } from '../sync/node-cache'
import type { UninstallOptions } from './rows/uninstall'

/**
 * Refuses directories that do not exist. A mistyped one looks like an empty one: it would hide the networks that name
 * the executable, the attachments that need it, or the executable itself. The usual directories may be absent, because
 * the first pod or the primary plugin makes them.
 */
export function requireNamedDirectories({
  profile,
  binDir,
  confDir,
  cacheDirs,
  force,
}: UninstallOptions): void {
  if (force) return
  const usual = PROFILES[profile]
  const rows = [
    { flag: 'conf-dir', cannot: 'tell which networks name ip-masq', paths: [confDir], usual: usual.confDir },
    {
      ...{ flag: 'cache-dir', cannot: 'tell what needs the executable' },
      ...{ paths: cacheDirs, usual: DEFAULT_CACHE_DIR },
    },
    { flag: 'bin-dir', cannot: 'remove the executable', paths: [binDir], usual: usual.binDir },
  ]
  for (const { flag, cannot, paths, usual } of rows) {
    const mistyped = paths.find((path) => path !== usual && statusIfThere(path)?.kind !== 'directory')
    if (mistyped === undefined) continue
    const message = `Cannot ${cannot}: there is no directory ${mistyped}; check --${flag}, or use --force`
    throw new CniError('ioFailure', message)
  }
  requireCaches(cacheDirs)
}

/** Finds out which of these directories somebody named, by their options or by the profile. */
export function namedAmong({ confDir, cacheDirs }: Directories): Named {
  return {
    confDir: confDir !== PROFILES.default.confDir,
    cacheDirs: cacheDirs.some((directory) => directory !== DEFAULT_CACHE_DIR),
  }
}

/** The directory above or below the right one has no results. */
function requireCaches(cacheDirs: readonly string[]): void {
  const { exists, absent } = readNodeCache(cacheDirs)
  const empty = (exists ? absent : cacheDirs).find((directory) => directory !== DEFAULT_CACHE_DIR)
  if (empty === undefined) return
  const message = `Cannot tell what needs the executable: there is no result cache in ${empty}; check --cache-dir, or use --force`
  throw new CniError('ioFailure', message)
}
