import type { CarrierSetting, Host } from '../backend'
import type { Carrier } from './carrier'
import { netlinkCarrier, noNetlinkCarrier } from './netlink/carrier'
import { openSocket } from './netlink/socket'
import { textCarrier } from './text/carrier'
import type { NftProcess } from './text/nft'

export type Carriers = (setting?: CarrierSetting) => Carrier

/**
 * `auto`: netlink where there is a socket to be had; else nft, without a word. Nothing is asked of the kernel first: a
 * socket costs 0.2 ms.
 */
export function chooseCarrier(nft: NftProcess, host: Host, byDefault: CarrierSetting): Carriers {
  const text = textCarrier(nft, host)
  const netlink = lazily(() => {
    const socket = openSocket()
    return socket && netlinkCarrier(socket, host)
  })
  return (asked = 'auto') => {
    const setting = asked === 'auto' ? byDefault : asked
    if (setting === 'nft') return text
    return netlink() ?? (setting === 'netlink' ? noNetlinkCarrier() : text)
  }
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
