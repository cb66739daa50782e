import { CniError } from '../../cni/error'
import type { Backend, BackendSetting, CarrierSetting } from '../backend'
import { doesNotWork, UnusableError } from '../unusable'
import type { Places } from '.'

type TwoPlaces = Pick<Places, 'nft' | 'iptables'>

/**
 * `"auto"`: nftables where it works; else iptables; else an error that says what each of them said. nft is tried, not
 * asked: on a node where it works that costs nothing.
 */
async function firstThatWorks<T>(
  { nft, iptables }: TwoPlaces,
  run: (backend: Backend) => Promise<T>,
): Promise<{ readonly backend: Backend; readonly value: T }> {
  try {
    return { backend: nft, value: await run(nft) }
  } catch (error) {
    if (!doesNotWork(error)) throw error
    return { backend: iptables, value: await instead(error, () => run(iptables)) }
  }
}

export const PLACES = { nftables: 'nft', iptables: 'iptables' } as const

/** Runs it where the setting says; `backend`: where that was. */
export async function inPlaceOf<T>(
  places: TwoPlaces,
  setting: BackendSetting,
  run: (backend: Backend) => Promise<T>,
): Promise<{ readonly backend: Backend; readonly value: T }> {
  if (setting === 'auto') return firstThatWorks(places, run)
  const backend = places[PLACES[setting]]
  return { backend, value: await run(backend) }
}

/** STATUS: what is missing of both, if neither can be used. */
export async function probeBoth(
  { nft, iptables }: TwoPlaces,
  carrier: CarrierSetting,
): Promise<readonly string[]> {
  const missing = await nft.probe(carrier)
  if (missing.length === 0) return missing
  const missingToo = await iptables.probe()
  return missingToo.length === 0 ? [] : [...new Set([...missing, ...missingToo])]
}

async function instead<T>(nft: CniError, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof CniError)) throw error
    throw orBoth(nft, error)
  }
}

/** What nft said is told in either case: it is why iptables was asked at all. */
export function orBoth(nft: CniError, iptables: CniError): CniError {
  const details = `nft: ${nft.details || nft.message}; iptables: ${iptables.details || iptables.message}`
  return iptables instanceof UnusableError
    ? new UnusableError(`${nft.message}; nor is iptables usable`, details)
    : new CniError(iptables.reason, iptables.message, details)
}
