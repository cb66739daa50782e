import type { Backend, BackendSetting, CarrierSetting, Clock, Machine, Where } from '../backend'
import { nftables } from '../nftables'
import { chooseCarrier } from '../nftables/choose-carrier'
import { markElsewhere, mayBeElsewhere } from '../nftables/elsewhere'
import { inPlaceOf, PLACES, probeBoth } from './automatic'
import { remove } from './remove'

/** All that this machine has, as one: what is added goes where its config says, what goes is looked for everywhere. */
export interface Backends extends Backend {
  /** What is missing for an ADD with this setting. */
  probe(carrier?: CarrierSetting, setting?: BackendSetting): Promise<readonly string[]>
}

/** Both places that rules can be in, and what one says of the other. */
export interface Places {
  readonly nft: Backend
  readonly iptables: Backend
  /** Leaves word in nft's table, if there is one, that iptables may have rules. */
  readonly mark: () => Promise<void>
  /** Whether iptables may have rules or tombstones, by nft's table. To ask iptables itself takes several processes. */
  readonly mayBeInIptables: () => Promise<boolean>
}

export function backends(machine: Machine, clock: Clock, carrier: CarrierSetting = 'auto'): Backends {
  const carriers = chooseCarrier(machine, carrier)
  const places: Places = {
    nft: nftables(carriers, clock),
    iptables: onDemand(async () => {
      const { iptables } = await import('../iptables')
      const { run, host } = await machine()
      return iptables(run, host, { ip: host.legacyTables('ip'), ip6: host.legacyTables('ip6') })
    }),
    mark: async () => markElsewhere(await carriers()),
    mayBeInIptables: async () => mayBeElsewhere(await carriers()),
  }
  return {
    async apply(wanted, isGone) {
      const { backend, value } = await inPlaceOf(places, wanted.setting, (one) => one.apply(wanted, isGone))
      // Nothing more in an ADD that finds all that it needs. One of the two kinds of tables has come into being.
      if (value.tableWasMissing) await (await import('./mark')).markAfter(places, backend)
      return value
    },
    remove: (attachment, hint, where = ANYWHERE) => remove(places, attachment, { hint, where }),
    verify: async (wanted, warn) => (await import('./verify')).verify(places, wanted, warn),
    replace: async (wanted, options) => (await import('./replace')).replace(places, wanted, options),
    prune: async (isStale, options) => (await import('./prune')).prune(places, isStale, options),
    list: async (options) => (await import('./list')).listBoth(places, options),
    gone: async () => (await import('./take-back')).goneFrom(places),
    hasRules: async () => (await places.nft.hasRules()) || (await places.iptables.hasRules()),
    async tearDown() {
      const { unlessMissing } = await import('./list')
      for (const one of [places.nft, places.iptables]) await unlessMissing(() => one.tearDown())
    },
    probe: (carrier = 'auto', setting = 'auto') =>
      setting === 'auto' ? probeBoth(places, carrier) : places[PLACES[setting]].probe(carrier),
    standing: async (among) => [
      ...(await places.nft.standing(among)),
      ...(await places.iptables.standing(among)),
    ],
  }
}

const ANYWHERE: Where = { setting: 'auto', carrier: 'auto', isGuess: true }

/** iptables' part is loaded at its first use: most calls do without. */
function onDemand(load: () => Promise<Backend>): Backend {
  let loaded: Promise<Backend> | undefined
  const backend = () => {
    loaded ??= load()
    return loaded
  }
  return {
    apply: async (wanted, isGone) => (await backend()).apply(wanted, isGone),
    remove: async (attachment, hint, where) => (await backend()).remove(attachment, hint, where),
    verify: async (wanted, warn) => (await backend()).verify(wanted, warn),
    replace: async (wanted, options) => (await backend()).replace(wanted, options),
    prune: async (isStale, options) => (await backend()).prune(isStale, options),
    list: async () => (await backend()).list(),
    tearDown: async () => (await backend()).tearDown(),
    probe: async () => (await backend()).probe(),
    gone: async () => (await backend()).gone(),
    hasRules: async () => (await backend()).hasRules(),
    standing: async (among) => (await backend()).standing(among),
  }
}
