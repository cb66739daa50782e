import { createInterface } from 'node:readline'
import type { CachedNetwork } from './cached-network'
import type { Namespace } from './namespace'
import { waitingTime } from './patience'
import { EXECUTABLES } from './plugin'
import { nextLine } from './site'

/** `ip-masq sync --watch`, after its first run; which says `first`: by default that of one pod that has its rules. */
export async function startWatch(
  node: Namespace,
  network: CachedNetwork,
  { interval = '60s', first = '1 attachment, nothing to do' } = {},
) {
  const directories = ['--conf-dir', network.confDir, '--cache-dir', network.cacheDir]
  const child = node.start(EXECUTABLES.native, 'sync', '--watch', '--interval', interval, ...directories)
  if (!child.stdout) throw new Error('no stdout')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const said = await nextLine(lines, 30_000)
  if (said !== first) throw new Error(`the first run says: ${said}`)
  return { child, lines, exit }
}

/** Waits for what will be. */
export async function until(condition: () => Promise<boolean>, milliseconds = 30_000): Promise<void> {
  const limit = waitingTime(milliseconds)
  const end = performance.now() + limit
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${limit} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
