import { brokenInput } from './broken-input'
import { CACHE_DIR, CONF_DIR } from './lane'
import type { Call } from './operations'
import { type Context, environmentOf, gcConfig, stdinOf } from './requests'

export interface Invocation {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly stdin: string
}

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin'

/** The process that a call is, for this kind of lane. */
export function invocationOf(call: Exclude<Call, { call: 'lose' }>, context: Context): Invocation {
  const { kind } = context
  const base = { PATH, ...kind.environment }
  const command = (...args: string[]) => ({ argv: [...kind.executable, ...args], env: base, stdin: '' })
  switch (call.call) {
    case 'sync': {
      const flags = [
        ...(call.prune ? ['--prune', '--grace', '0'] : []),
        ...(call.dryRun ? ['--dry-run'] : []),
      ]
      return command('sync', ...flags, '--conf-dir', CONF_DIR, '--cache-dir', CACHE_DIR)
    }
    case 'gc':
      return command('gc', '--grace', '0', ...(call.dryRun ? ['--dry-run'] : []), '--cache-dir', CACHE_DIR)
    case 'broken': {
      const { environment, stdin } = brokenInput(call, context)
      return { argv: kind.executable, env: { ...base, ...environment }, stdin }
    }
    case 'GC':
      return {
        argv: kind.executable,
        env: { ...base, CNI_COMMAND: 'GC', CNI_PATH: '/opt/cni/bin' },
        stdin: JSON.stringify(gcConfig(call, context)),
      }
    default:
      return {
        argv: kind.executable,
        env: { ...base, ...environmentOf(call) },
        stdin: stdinOf(call, context),
      }
  }
}
