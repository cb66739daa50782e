import type { Backend } from '../backend'
import { apply } from './apply'
import type { NftProcess } from './nft'
import { remove } from './remove'
import { verify } from './verify'

export function nftables(nft: NftProcess, epochSeconds: () => number): Backend {
  return {
    apply: (wanted) => apply(nft, wanted, epochSeconds()),
    remove: (attachment, hint) => remove(nft, attachment, hint),
    verify: (wanted) => verify(nft, wanted),
  }
}
