import type { Family } from '../../policy/address'
import type { Host } from '../backend'
import { mayChangeRules, NO_CAPABILITY } from '../capabilities'
import { DISPATCH, HOOK, JUMP } from './layout'
import { renderRule } from './render'
import { hasRule, type Iptables, runList, TOOLS } from './tool'

/**
 * STATUS: the problems that can be seen without starting a process. iptables is started only where /proc does not show
 * them.
 */
export function probe(iptables: Iptables, host: Host): string[] {
  const missing = Object.values(TOOLS).flatMap((name) => {
    const tool = `${name}${iptables.variant}-restore`
    const found = host.findTool(tool)
    return 'tried' in found ? [`${tool} cannot be started: ${found.tried.join(', ')}`] : []
  })
  if (missing.length > 0) return missing
  const isAllowed = mayChangeRules(host)
  if (isAllowed !== undefined) return isAllowed ? [] : [NO_CAPABILITY]
  const outcome = runList(iptables, 'ip', DISPATCH)
  return outcome.ok || outcome.failure === 'refused' ? [] : [outcome.said]
}
/** Whether a family's chains exist and packets reach them. A watch asks every other second, so this does not list them. */
export function isHooked(one: Iptables, family: Family): boolean {
  return one.hasTable(family) && hasRule(one, family, [HOOK, ...renderRule(JUMP).split(' ')])
}
