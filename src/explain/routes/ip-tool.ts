import type { Tools } from '../../backend/backend'
import { CniError } from '../../cni/error'
import { isObject, type JsonObject } from '../../cni/json'
import type { Address, Family } from '../../policy/address'
import { formatAddress, parsePrinted } from '../../policy/address-text'
import type { OwnAddress, Route, Routes } from './routes'

/** Asks ip(8) of iproute2 with `-j`. It is for runtimes without netlink sockets. */
export function ipRoutes(run: Tools): Routes {
  return {
    lookUp(destination, { from, out, asWritten = false } = {}) {
      const args = [
        ...['-j', familyFlag(destination.family), 'route', 'get', ...(asWritten ? ['fibmatch'] : [])],
        formatAddress(destination),
        ...(from ? `from ${formatAddress(from.source)} iif ${from.through}`.split(' ') : []),
        ...(out === undefined ? [] : ['oif', out]),
      ]
      const result = run('ip', args, '')
      if (result.outcome === 'exited' && result.status !== 0) {
        const [line = ''] = result.stderr.split('\n')
        return { kind: 'none', said: line.replace(/^RTNETLINK answers: |^Error: /, '') }
      }
      const [route] = listIn(result)
      return routeOf(route)
    },
    addresses: (family) => listIn(run('ip', ['-j', familyFlag(family), 'address'], '')).flatMap(addressesOf),
  }
}

function familyFlag(family: Family): string {
  return family === 'ip' ? '-4' : '-6'
}

function listIn(result: ReturnType<Tools>): JsonObject[] {
  if (result.outcome !== 'exited' || result.status !== 0) {
    const said = 'stderr' in result ? result.stderr.trim() : result.outcome
    throw new CniError('ioFailure', 'Cannot look up a route: ip could not be run; install iproute2', said)
  }
  const list: unknown = JSON.parse(result.stdout)
  return Array.isArray(list) ? list.filter(isObject) : []
}

function routeOf(route: JsonObject | undefined): Route {
  const { type, dev, gateway, prefsrc } = route ?? {}
  if (type === 'local' || type === 'anycast') return { kind: 'local' }
  if (
    typeof dev !== 'string' ||
    (typeof type === 'string' && !['unicast', 'multicast', 'broadcast'].includes(type))
  )
    return { kind: 'none', said: 'the route leads nowhere' }
  const [hop, preferred] = [addressIn(gateway), addressIn(prefsrc)]
  return { kind: 'out', out: dev, ...(hop && { gateway: hop }), ...(preferred && { preferred }) }
}

function addressIn(value: unknown): Address | undefined {
  return typeof value === 'string' ? parsePrinted(value) : undefined
}

/** The names of rtnetlink's scopes, as iproute2 prints them. */
const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254 }

function addressesOf({ ifname, addr_info: list }: JsonObject): OwnAddress[] {
  if (typeof ifname !== 'string' || !Array.isArray(list)) return []
  return list.filter(isObject).flatMap((one) => {
    const address = addressIn(one.local)
    if (!address) return []
    return [
      {
        ...{ interface: ifname, address, subnet: addressIn(one.address) ?? address },
        ...{ length: Number(one.prefixlen), scope: SCOPES[String(one.scope)] ?? Number(one.scope) },
        isSecondary: one.secondary === true || one.temporary === true,
        isUnfit: one.deprecated === true || one.tentative === true || one.dadfailed === true,
      },
    ]
  })
}
