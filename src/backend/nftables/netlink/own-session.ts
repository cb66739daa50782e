import { openSocket } from '#system/netlink-socket'
import { once } from '../../../system/once'
import { createSession } from './session'

/** The one session of the process. A watch uses it every other second for as long as it runs. */
export const ownSession = once(() => {
  const socket = openSocket()
  return socket && createSession(socket, openSocket)
})
