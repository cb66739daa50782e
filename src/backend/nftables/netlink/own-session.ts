import { openSocket } from '#system/netlink-socket'
import { once } from '../../../system/once'
import { createSession } from './session'

/** The process has one session, because a watch asks every other second for as long as it runs. */
export const ownSession = once(() => {
  const socket = openSocket()
  return socket && createSession(socket, openSocket)
})
