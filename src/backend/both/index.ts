import type { ToolResult } from '../../system/tools'
import type { Backend, BackendSetting, CarrierSetting, Host, Where } from '../backend'
import { nftables } from '../nftables'
import { chooseCarrier } from '../nftables/choose-carrier'
import { markElsewhere, mayBeElsewhere } from '../nftables/elsewhere'
import { inPlaceOf, PLACES, probeBoth } from './automatic'
import { listBoth, unlessMissing } from './list'
import { prune } from './prune'
import { remove } from './remove'
import { replace } from './replace'
import { goneFrom } from './take-back'
import { verify } from './verify'

/** All that this machine has, as one: what is added goes where its config says, what goes is looked for everywhere. */
export interface Backends extends Backend {
  /** What is missing for an ADD with this setting. */
  probe(carrier?: CarrierSetting, setting?: BackendSetting): Promise<readonly string[]>
}

export type Tools = (tool: string, args: readonly string[], input: string) => ToolResult

/** Both places that rules can be in, and what one says of the other. */
export interface Places {
  readonly nft: Backend
  readonly iptables: Backend
  /** Leaves word in nft's table, if there is one, that iptables may have rules. */
  readonly mark: () => void
  /** Whether iptables may have rules or tombstones, by nft's table. To ask iptables itself takes several processes. */
  readonly mayBeInIptables: () => boolean
}

export function backends(run: Tools, host: Host, carrier: CarrierSetting = 'auto'): Backends {
  const carriers = chooseCarrier((args, input) => run('nft', args, input), host, carrier)
  const places: Places = {
    nft: nftables(carriers, host),
    iptables: onDemand(async () => {
      const { iptables } = await import('../iptables')
      return iptables(run, host, { ip: host.legacyTables('ip'), ip6: host.legacyTables('ip6') })
    }),
    mark: () => markElsewhere(carriers()),
    mayBeInIptables: () => mayBeElsewhere(carriers()),
  }
  return {
    async apply(wanted, isGone) {
      const { backend, value } = await inPlaceOf(places, wanted.setting, (one) => one.apply(wanted, isGone))
      // Nothing more in an ADD that finds all that it needs. One of the two kinds of tables has come into being.
      if (value.tableWasMissing) await (await import('./mark')).markAfter(places, backend)
      return value
    },
    remove: (attachment, hint, where = ANYWHERE) => remove(places, attachment, { hint, where }),
    verify: (wanted, warn) => verify(places, wanted, warn),
    replace: (wanted, options) => replace(places, wanted, options),
    prune: (isStale, options) => prune(places, isStale, options),
    list: (options) => listBoth(places, options),
    gone: () => goneFrom(places),
    hasRules: async () => (await places.nft.hasRules()) || (await places.iptables.hasRules()),
    async tearDown() {
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

const ANYWHERE: Where = { setting: 'auto', carrier: 'auto' }

/** iptables' part is loaded at its first use: it would take 0.6 ms of each call, and most do without. */
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
