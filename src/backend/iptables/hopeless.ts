import type { Removal } from '../backend'
import type { Outcome } from './tool'

type Failed = Outcome & { readonly ok: false }

/** Nothing but a refusal may be different the next time; and what is locked or hangs leaves no time for that. */
export function isHopeless({ failure }: Failed): boolean {
  return failure !== 'refused'
}

export function hopeless({ failure, said }: Failed): Removal {
  if (failure === 'unusable' || failure === 'unsupported') return { outcome: 'unusable', said }
  return { outcome: 'unknown', said, mayBeElsewhere: false }
}
