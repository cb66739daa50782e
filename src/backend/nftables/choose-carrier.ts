import { openSocket } from '#system/netlink-socket'
import type { CarrierSetting, Host } from '../backend'
import type { Carrier } from './carrier'
import { netlinkCarrier, noNetlinkCarrier } from './netlink/carrier'
import { createSession } from './netlink/session'
import { textCarrier } from './text/carrier'
import type { NftProcess } from './text/nft'

export type Carriers = (setting?: CarrierSetting) => Carrier

/**
 * `auto`: netlink where there is a socket to be had; else nft, without a word. Nothing is asked of the kernel first: a
 * socket costs 0.2 ms.
 */
export function chooseCarrier(nft: NftProcess, host: Host, byDefault: CarrierSetting): Carriers {
  const text = lazily(() => textCarrier(nft, host))
  return (asked = 'auto') => {
    const setting = asked === 'auto' ? byDefault : asked
    if (setting === 'nft') return text()
    const own = session()
    if (own) return netlinkCarrier(own, host)
    return setting === 'netlink' ? noNetlinkCarrier() : text()
  }
}

/** One for the process: a watch asks every other second for as long as it runs. */
export const session = lazily(() => {
  const socket = openSocket()
  return socket && createSession(socket, openSocket)
})

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
