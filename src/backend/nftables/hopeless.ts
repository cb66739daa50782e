import type { Removal } from '../backend'
import type { Failed } from './carrier'

/** nft did not start, or did not come to an end: another run would fare no better, and hide why. */
export function isHopeless({ failure }: Failed): boolean {
  return failure === 'unusable' || failure === 'unsupported' || failure === 'unknown'
}

export function hopeless({ failure, said }: Failed): Removal {
  if (failure === 'unusable' || failure === 'unsupported') return { outcome: 'unusable', said }
  // An nft that refuses to look has refused to add: that an ADD went elsewhere is likely. What hangs has no time left.
  return { outcome: 'unknown', said, mayBeElsewhere: failure !== 'unknown' }
}
