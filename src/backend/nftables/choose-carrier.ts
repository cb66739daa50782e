import { openSocket } from '#system/netlink-socket'
import { once } from '../../system/once'
import type { CarrierSetting, Machine } from '../backend'
import type { QuickCarrier } from './carrier'
import { netlinkCarrier } from './netlink/carrier'
import { createSession } from './netlink/session'

export type Carriers = (setting?: CarrierSetting) => Promise<QuickCarrier>

/**
 * `auto`: netlink where there is a socket to be had; else nft, without a word. Nothing is asked of the kernel first: a
 * socket costs 0.2 ms.
 */
export function chooseCarrier(machine: Machine, byDefault: CarrierSetting): Carriers {
  const text = once(async () => {
    const { textCarrier } = await import('./text/carrier')
    const { run, host } = await machine()
    return textCarrier((args, input) => run('nft', args, input), host)
  })
  return async (asked = 'auto') => {
    const setting = asked === 'auto' ? byDefault : asked
    if (setting === 'nft') return text()
    const own = session()
    if (own) return netlinkCarrier(own, machine)
    return setting === 'netlink' ? (await import('./netlink/whole-carrier')).noNetlinkCarrier() : text()
  }
}

/** One for the process: a watch asks every other second for as long as it runs. */
export const session = once(() => {
  const socket = openSocket()
  return socket && createSession(socket, openSocket)
})
