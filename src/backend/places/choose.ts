import { CniError } from '../../cni/error'
import type { BackendSetting, CarrierSetting } from '../backend'
import { doesNotWork, UnusableError } from '../tolerances'
import type { Place, Places } from './place'

type Choice = Pick<Places, 'nftables' | 'iptables'>

/** The result of `run`, and the place where it ran. */
interface Done<T> {
  readonly place: Place
  readonly value: T
}

/** Runs `run` in the place of the requested backend. */
export async function runWhereAsked<T>(
  places: Choice,
  backend: BackendSetting,
  run: (place: Place) => Promise<T>,
): Promise<Done<T>> {
  if (backend === 'auto') return runInFirstThatWorks(places, run)
  const place = places[backend]
  return { place, value: await run(place) }
}

/**
 * `"auto"` means nftables where it works; else iptables; else an error that has the messages of both. nft is tried at
 * once instead of being tested first: on a node where it works that costs nothing.
 */
async function runInFirstThatWorks<T>(
  { nftables, iptables }: Choice,
  run: (place: Place) => Promise<T>,
): Promise<Done<T>> {
  try {
    return { place: nftables, value: await run(nftables) }
  } catch (error) {
    if (!doesNotWork(error)) throw error
    return { place: iptables, value: await instead(error, () => run(iptables)) }
  }
}

async function instead<T>(nft: CniError, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof CniError)) throw error
    throw errorOfBoth(nft, error)
  }
}

/** Makes one error. nft's message is part of it in either case, because it is the reason why iptables was tried at all. */
export function errorOfBoth(nft: CniError, iptables: CniError): CniError {
  const details = `nft: ${nft.details || nft.message}; iptables: ${iptables.details || iptables.message}`
  return iptables instanceof UnusableError
    ? new UnusableError(`${nft.message}; iptables cannot be used either`, details)
    : new CniError(iptables.reason, iptables.message, details)
}

/** STATUS with `"auto"`: what is missing in each place, if no place can be used. */
export async function missingEverywhere(
  { nftables, iptables }: Choice,
  carrier: CarrierSetting,
): Promise<readonly string[]> {
  const missing = await nftables.probe(carrier)
  if (missing.length === 0) return missing
  const missingToo = await iptables.probe()
  return missingToo.length === 0 ? [] : [...new Set([...missing, ...missingToo])]
}
