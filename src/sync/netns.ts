import { existsSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Whether a network namespace that was recorded is gone. Not merely out of sight: a container or a systemd unit that
 * lacks the host's /run/netns sees none at all, and must not take every pod for dead.
 */
export function isNetnsGone(path: string): boolean {
  const place = path.startsWith('/proc/') ? '/proc/self' : dirname(path)
  return !existsSync(path) && existsSync(place)
}
