import type { Backend, Host } from '../backend'
import { attachmentId, networkDigest } from '../identity'
import { apply } from './apply'
import type { NftProcess } from './nft'

import { isTableMissing, probe } from './probe'
import { prune } from './prune'
import { remove } from './remove'
import { replace } from './replace'
import { verify } from './verify'

export function nftables(nft: NftProcess, host: Host): Backend {
  return {
    apply: (wanted) => apply(nft, wanted, host.epochSeconds()),
    remove: (attachment, hint) => remove(nft, attachment, hint),
    verify: (wanted) => verify(nft, wanted),
    replace: (wanted, { dryRun }) => replace(nft, wanted, { dryRun, epochSeconds: host.epochSeconds() }),
    prune: (isStale, options) => prune(nft, isStale, options),
    probe: () => probe(nft, host),
    isTableMissing: () => isTableMissing(nft),
    id: attachmentId,
    networkDigest,
  }
}
