import type { Removal } from '../backend'
import type { Failed } from './carrier'

/** Whether another run is useless: nft did not start or did not end, and another run would end the same way and hide why. */
export function isHopeless({ failure }: Failed): boolean {
  return failure === 'unusable' || failure === 'unsupported' || failure === 'unknown'
}

export function hopeless({ failure, said }: Failed): Removal {
  if (failure === 'unusable' || failure === 'unsupported') return { outcome: 'unusable', said }
  // An nft that refuses to look has also refused to add, so the ADD has probably gone elsewhere. If it hangs, there is no
  // time left to look there.
  return { outcome: 'unknown', said, mayBeElsewhere: failure !== 'unknown' }
}
