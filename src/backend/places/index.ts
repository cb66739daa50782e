import { once } from '../../system/once'
import type { Backend, BackendSetting, CarrierSetting, Clock, Machine } from '../backend'
import { nftables } from '../nftables'
import { chooseCarrier } from '../nftables/choose-carrier'
import { markElsewhere, mayBeElsewhere } from '../nftables/elsewhere'
import { unlessMissing } from '../tolerances'
import { missingEverywhere, runWhereAsked } from './choose'
import type { Place, Places } from './place'
import { ANYWHERE, remove } from './remove'

/** All places of this machine as one. Rules are added where their config says, and removed wherever they are. */
export interface Backends extends Backend {
  /** The things that an ADD with this backend would need and are missing. */
  probe(carrier?: CarrierSetting, backend?: BackendSetting): Promise<readonly string[]>
}

/** Has what a pod's own ADD and DEL need with nftables; the rest is loaded when it is used. */
export function backends(machine: Machine, clock: Clock, carrier: CarrierSetting = 'auto'): Backends {
  const carriers = chooseCarrier(machine, carrier)
  const places: Places = {
    nftables: Object.assign(nftables(carriers, clock), { name: 'nftables' as const }),
    iptables: loadedAtFirstUse('iptables', async () => {
      const { iptables } = await import('./iptables')
      const { run, host } = await machine()
      return iptables(run, host, { ip: host.legacyTables('ip'), ip6: host.legacyTables('ip6') })
    }),
    mark: async () => markElsewhere(await carriers()),
    mayBeInIptables: async () => mayBeElsewhere(await carriers()),
    nftablesRefuses: async (policies) => {
      const { refusalOf } = await import('../nftables/trial')
      return refusalOf(await (await carriers()).whole(), policies)
    },
  }
  return {
    async apply(wanted, isGone) {
      const { place, value } = await runWhereAsked(places, wanted.backend, (one) => one.apply(wanted, isGone))
      // An ADD that finds everything in order does nothing more. Otherwise the place has come into being.
      if (value.tableWasMissing) await (await import('./mark')).markAfter(places, place)
      return value
    },
    remove: (attachment, hint, where = ANYWHERE) => remove(places, attachment, { hint, where }),
    verify: async (wanted, warn) => (await import('./verify')).verify(places, wanted, warn),
    replace: async (wanted, options) => (await import('./replace')).replace(places, wanted, options),
    prune: async (isStale, options) => (await import('./prune')).prune(places, isStale, options),
    list: async (options) => (await import('./list')).list(places, options),
    inspect: async (only) => (await import('./inspect')).inspect([places.nftables, places.iptables], only),
    gone: async () => (await import('./take-back')).goneFrom(places),
    hasRules: async () => (await places.nftables.hasRules()) || (await places.iptables.hasRules()),
    async tearDown() {
      for (const one of [places.nftables, places.iptables]) await unlessMissing(() => one.tearDown())
    },
    probe: (carrier = 'auto', backend = 'auto') =>
      backend === 'auto' ? missingEverywhere(places, carrier) : places[backend].probe(carrier),
    hookedTables: async (among) => [
      ...(await places.nftables.hookedTables(among)),
      ...(await places.iptables.hookedTables(among)),
    ],
  }
}

/** Loads a place at its first use, because most calls need no iptables. */
function loadedAtFirstUse(name: Place['name'], load: () => Promise<Backend>): Place {
  const backend = once(load)
  return {
    name,
    apply: async (wanted, isGone) => (await backend()).apply(wanted, isGone),
    remove: async (attachment, hint, where) => (await backend()).remove(attachment, hint, where),
    verify: async (wanted, warn) => (await backend()).verify(wanted, warn),
    replace: async (wanted, options) => (await backend()).replace(wanted, options),
    prune: async (isStale, options) => (await backend()).prune(isStale, options),
    list: async () => (await backend()).list(),
    inspect: async (only) => (await backend()).inspect(only),
    tearDown: async () => (await backend()).tearDown(),
    probe: async () => (await backend()).probe(),
    gone: async () => (await backend()).gone(),
    hasRules: async () => (await backend()).hasRules(),
    hookedTables: async (among) => (await backend()).hookedTables(among),
  }
}
