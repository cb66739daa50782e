import type { Backend, Host } from '../backend'
import { apply } from './apply'
import { type NftProcess, runTransaction, toError } from './nft'
import { isStanding, probe } from './probe'
import { listAttachments, prune } from './prune'
import { remove } from './remove'
import { replace } from './replace'
import { readOwners } from './table-state'
import { verify } from './verify'

/** Its one table, as `standing` calls it. */
const NAME = 'inet ip-masq'

export function nftables(nft: NftProcess, host: Host): Backend {
  return {
    apply: async (wanted) => apply(nft, wanted, host.epochSeconds()),
    remove: async (attachment, hint) => remove(nft, attachment, hint),
    verify: async (wanted) => verify(nft, wanted),
    replace: async (wanted, { dryRun }) =>
      replace(nft, wanted, { dryRun, epochSeconds: host.epochSeconds() }),
    prune: async (isStale, options) => prune(nft, isStale, options),
    list: async () => listAttachments(readOwners(nft, 'list the rules')),
    hasRules: async () => isStanding(nft),
    async tearDown() {
      const outcome = runTransaction(nft, [{ do: 'delete-table' }])
      if (!outcome.ok && outcome.failure !== 'missing') throw toError(nft, 'remove the rules', outcome)
    },
    probe: () => probe(nft, host),
    standing: async (among = [NAME]) => (among.includes(NAME) && isStanding(nft) ? [NAME] : []),
  }
}
