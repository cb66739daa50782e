import type { Listed, Pruned } from '../backend'
import { mergePruned } from '../pruned'
import { doesNotWork } from '../unusable'
import type { Places } from '.'
import { isMark } from './list'
import { markIfAny } from './mark'

/**
 * GC, in both places always: a mark can be lost, and GC has time (and leaves it anew). What fails in one does not keep
 * the other from being tidied up; with neither there is nobody to ask, which is an error.
 */
export async function prune(
  { nft, iptables, mark }: Places,
  isStale: (listed: Listed) => boolean,
  options: { readonly dryRun: boolean },
): Promise<Pruned> {
  const results = []
  for (const backend of [nft, iptables]) {
    results.push(await settle(() => backend.prune((listed) => !isMark(listed) && isStale(listed), options)))
  }
  const done = results.flatMap((result) => ('value' in result ? [result.value] : []))
  const errors = results.flatMap((result) => ('error' in result ? [result.error] : []))
  const worst = errors.find((error) => !doesNotWork(error))
  if (worst !== undefined) throw worst
  if (done.length === 0) throw errors[0]
  if (!options.dryRun) await markIfAny({ iptables, mark })
  return mergePruned(done)
}

async function settle<T>(work: () => Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}
