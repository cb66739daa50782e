import { FAMILY_NAMES } from '../../policy/address'
import type { Applied, Backend, Host, Wanted } from '../backend'
import { attachmentId } from '../identity'
import { apply, applyWherePolicyIs } from './apply'
import { gone } from './gone'
import { askedOnce, type IsGone } from './holders'
import { hasChain } from './kinds'
import { DISPATCH } from './layout'
import { isHooked, probe } from './probe'
import { list, prune } from './prune'
import { remove } from './remove'
import { replace, type Times } from './replace'
import { tearDown } from './tear-down'
import { type Iptables, TOOLS } from './tool'
import { verify } from './verify'

export interface IptablesBackend extends Backend {
  /** An ADD that only adds. Undefined where the policy does not exist; then nothing was changed. */
  applyWherePolicyIs(wanted: Wanted, isGone: IsGone): Promise<Applied | undefined>
}

/** One kind of iptables. */
export function oneKind(iptables: Iptables, host: Host): IptablesBackend {
  const adding = (isGone: IsGone) => ({ ...times(host), isGone: askedOnce(isGone) })
  return {
    apply: async (wanted, isGone = async () => false) => apply(iptables, wanted, adding(isGone)),
    applyWherePolicyIs: (wanted, isGone) => applyWherePolicyIs(iptables, wanted, adding(isGone)),
    remove: async (attachment, hint, where) =>
      remove(iptables, {
        id: attachmentId(attachment),
        hint,
        bootSeconds: host.bootSeconds(),
        isHome: where?.backend === 'iptables',
      }),
    verify: async (wanted) => verify(iptables, wanted),
    replace: async (wanted, { dryRun }) => replace(iptables, wanted, { dryRun, times: times(host) }),
    prune: async (isStale, { dryRun }) =>
      prune(iptables, isStale, { dryRun, bootSeconds: host.bootSeconds() }),
    list: async () => list(iptables),
    inspect: async () => (await import('./inspect')).inspect(iptables),
    gone: async () => gone([iptables], host.bootSeconds()),
    hasRules: async () =>
      FAMILY_NAMES.some((family) => iptables.mayHaveRules(family) && hasChain(iptables, family, DISPATCH)),
    tearDown: async () => tearDown(iptables),
    probe: async () => probe(iptables, host),
    hookedTables: async (among = Object.values(TOOLS)) =>
      FAMILY_NAMES.filter((family) => among.includes(TOOLS[family]) && isHooked(iptables, family)).map(
        (family) => TOOLS[family],
      ),
  }
}

function times(host: Host): Times {
  return { epochSeconds: host.epochSeconds(), bootSeconds: host.bootSeconds() }
}
