import type { CniError } from '../../cni/error'
import type { Backend, Listed } from '../backend'
import { doesNotWork } from '../unusable'
import { isMark } from './list'

export interface Place {
  readonly backend: Backend
  /** Attachment -> what it has there. */
  readonly listed: ReadonlyMap<string, Listed>
  /** Why there can be no rules. */
  readonly unusable?: CniError
}

/** Without asking it. */
export function nothingIn(backend: Backend): Place {
  return { backend, listed: new Map() }
}

export async function look(backend: Backend): Promise<Place> {
  try {
    const listed = await backend.list()
    return { backend, listed: byId(listed.filter((one) => !isMark(one))) }
  } catch (error) {
    if (!doesNotWork(error)) throw error
    return { backend, listed: new Map(), unusable: error }
  }
}

/** Several kinds of iptables may have the same one. */
function byId(listed: readonly Listed[]): Map<string, Listed> {
  const all = new Map<string, Listed>()
  for (const one of listed) {
    const addresses = [...(all.get(one.id)?.addresses ?? []), ...one.addresses]
    all.set(one.id, { ...one, addresses })
  }
  return all
}
