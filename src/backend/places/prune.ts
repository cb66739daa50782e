import type { Listed, Pruned } from '../backend'
import { doesNotWork } from '../tolerances'
import { isMark } from './list'
import { markIfUsed } from './mark'
import type { Places } from './place'

/**
 * GC always looks in all places: a mark can be lost, and GC has the time (and leaves the mark again). A failure in one
 * place does not keep the others from being tidied up. Having no place to ask is an error.
 */
export async function prune(
  { nftables, iptables, mark }: Places,
  isStale: (listed: Listed) => boolean,
  options: { readonly dryRun: boolean },
): Promise<Pruned> {
  const results = []
  for (const place of [nftables, iptables]) {
    results.push(await settle(() => place.prune((listed) => !isMark(listed) && isStale(listed), options)))
  }
  const done = results.flatMap((result) => ('value' in result ? [result.value] : []))
  const errors = results.flatMap((result) => ('error' in result ? [result.error] : []))
  const worst = errors.find((error) => !doesNotWork(error))
  if (worst !== undefined) throw worst
  if (done.length === 0) throw errors[0]
  if (!options.dryRun) await markIfUsed({ iptables, mark })
  return mergePruned(done)
}

async function settle<T>(work: () => Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}

/** Everything that was removed, from several places together. */
export function mergePruned(parts: readonly Pruned[]): Pruned {
  return {
    removed: parts.flatMap(({ removed }) => removed),
    policies: parts.flatMap(({ policies }) => policies),
    failures: parts.flatMap(({ failures }) => failures),
  }
}
