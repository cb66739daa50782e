import type { Attachment } from '../../cni/attachment'
import type { ToolResult } from '../../exec'
import type { Address } from '../../policy/address'
import type { Backend, BackendSetting, Host, Removal } from '../backend'
import { nftables } from '../nftables'
import { markElsewhere } from '../nftables/elsewhere'
import { inPlaceOf, PLACES, probeBoth } from './automatic'
import { listBoth, unlessMissing } from './list'
import { prune } from './prune'
import { remove } from './remove'
import { replace } from './replace'
import { verify } from './verify'

/** All that this machine has, as one: what is added goes where its config says, what goes is looked for everywhere. */
export interface Backends extends Backend {
  /** `setting`: what the config says now, if it can be read; it only says where to look first. */
  remove(attachment: Attachment, hint: readonly Address[], setting?: BackendSetting): Promise<Removal>
  /** What is missing for an ADD with this setting. */
  probe(setting?: BackendSetting): Promise<readonly string[]>
}

export type Tools = (tool: string, args: readonly string[], input: string) => ToolResult

/** Both places that rules can be in, and what one says of the other. */
export interface Places {
  readonly nft: Backend
  readonly iptables: Backend
  /** Leaves word in nft's table, if there is one, that iptables may have rules. */
  readonly mark: () => void
}

export function backends(run: Tools, host: Host): Backends {
  const nft = (args: readonly string[], input: string) => run('nft', args, input)
  const places: Places = {
    nft: nftables(nft, host),
    iptables: onDemand(async () => {
      // Read while the rest is loaded.
      const tables = [host.legacyTables('ip'), host.legacyTables('ip6')] as const
      const { iptables } = await import('../iptables')
      const [ip, ip6] = await Promise.all(tables)
      return iptables(run, host, { ip, ip6 })
    }),
    mark: () => markElsewhere(nft),
  }
  return {
    async apply(wanted) {
      const { backend, value } = await inPlaceOf(places, wanted.setting, (one) => one.apply(wanted))
      // Nothing more in an ADD that finds all that it needs. One of the two kinds of tables has come into being.
      if (value.tableWasMissing && (backend !== places.nft || (await places.iptables.hasRules())))
        places.mark()
      return value
    },
    remove: (attachment, hint, setting = 'auto') => remove(places, attachment, { hint, setting }),
    verify: (wanted) => verify(places, wanted),
    replace: (wanted, options) => replace(places, wanted, options),
    prune: (isStale, options) => prune(places, isStale, options),
    list: () => listBoth(places),
    hasRules: async () => (await places.nft.hasRules()) || (await places.iptables.hasRules()),
    async tearDown() {
      for (const one of [places.nft, places.iptables]) await unlessMissing(() => one.tearDown())
    },
    probe: (setting = 'auto') => (setting === 'auto' ? probeBoth(places) : places[PLACES[setting]].probe()),
    standing: async (among) => [
      ...(await places.nft.standing(among)),
      ...(await places.iptables.standing(among)),
    ],
  }
}

/** iptables' part is loaded at its first use: it would take 0.6 ms of each call, and most do without. */
function onDemand(load: () => Promise<Backend>): Backend {
  let loaded: Promise<Backend> | undefined
  const backend = () => {
    loaded ??= load()
    return loaded
  }
  return {
    apply: async (wanted) => (await backend()).apply(wanted),
    remove: async (attachment, hint) => (await backend()).remove(attachment, hint),
    verify: async (wanted) => (await backend()).verify(wanted),
    replace: async (wanted, options) => (await backend()).replace(wanted, options),
    prune: async (isStale, options) => (await backend()).prune(isStale, options),
    list: async () => (await backend()).list(),
    tearDown: async () => (await backend()).tearDown(),
    probe: async () => (await backend()).probe(),
    hasRules: async () => (await backend()).hasRules(),
    standing: async (among) => (await backend()).standing(among),
  }
}
