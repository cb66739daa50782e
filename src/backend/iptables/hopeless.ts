import type { Removal } from '../backend'
import type { Outcome } from './tool'

type Failed = Outcome & { readonly ok: false }

/**
 * Whether another attempt is useless. Only a refusal may end differently the next time; a lock or a tool that hangs
 * leaves no time for one.
 */
export function isHopeless({ failure }: Failed): boolean {
  return failure !== 'refused'
}

export function hopeless({ failure, said }: Failed): Removal {
  if (failure === 'unusable' || failure === 'unsupported') return { outcome: 'unusable', said }
  return { outcome: 'unknown', said, mayBeElsewhere: false }
}
