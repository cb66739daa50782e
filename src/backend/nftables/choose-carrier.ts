import { once } from '../../system/once'
import type { CarrierSetting, Machine } from '../backend'
import type { QuickCarrier } from './carrier'
import { netlinkCarrier } from './netlink/carrier'
import { ownSession } from './netlink/own-session'

export type Carriers = (asked?: CarrierSetting) => Promise<QuickCarrier>

/**
 * `auto` takes netlink where a socket can be opened; else nft, without a message. It asks the kernel nothing first: a
 * socket costs 0.2 ms.
 */
export function chooseCarrier(machine: Machine, byDefault: CarrierSetting): Carriers {
  const text = once(async () => {
    const { textCarrier } = await import('./text/carrier')
    const { run, host } = await machine()
    return textCarrier((args, input) => run('nft', args, input), host)
  })
  return async (asked = 'auto') => {
    const carrier = asked === 'auto' ? byDefault : asked
    if (carrier === 'nft') return text()
    const own = ownSession()
    if (own) return netlinkCarrier(own, machine)
    return carrier === 'netlink' ? (await import('./netlink/whole-carrier')).noNetlinkCarrier() : text()
  }
}
