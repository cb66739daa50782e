import { readSystemFile } from '#system/proc'
import type { Tools } from '../backend/backend'
import { type Finding, note, ok, warning } from './finding'

/** If a node has several ways out, an answer may come back through another interface than the packet left through. */

/**
 * An interface with a default route, and the stricter of its two settings (ip-sysctl: rp_filter); undefined if /proc
 * has none.
 */
export interface WayOut {
  readonly name: string
  readonly filter: number | undefined
}

/** `run` starts `ip`, which also knows the tables of policy routing. It is absent if the node has no `ip`. */
export function readWaysOut(run: Tools | undefined): readonly WayOut[] {
  const ask = (...args: string[]) => {
    const result = run?.('ip', ['-4', ...args], '')
    return result?.outcome === 'exited' && result.status === 0 ? result.stdout : undefined
  }
  const routes = ask('route', 'show', 'table', 'all', 'default')
  const names =
    routes === undefined
      ? interfacesInProc(readSystemFile('/proc/net/route') ?? '')
      : interfacesInRoutes(routes, tablesInRules(ask('rule', 'show') ?? ''))
  const setting = (name: string) => {
    const text = readSystemFile(`/proc/sys/net/ipv4/conf/${name}/rp_filter`)
    return text === undefined ? undefined : Number(text.trim())
  }
  const all = setting('all') ?? 0
  return names.map((name) => {
    const own = setting(name)
    return { name, filter: own === undefined ? undefined : Math.max(all, own) }
  })
}

/**
 * The tables that `ip rule` leads to; undefined if a rule leads to the tables of VRFs, whose names it does not give. No
 * packet uses the routes of any other table.
 */
export function tablesInRules(text: string): ReadonlySet<string> | undefined {
  if (text.includes('l3mdev-table')) return undefined
  return new Set(['main', ...[...text.matchAll(/ lookup (\S+)/g)].map(([, table = '']) => table)])
}

/**
 * The interfaces of the routes in these tables, or in all. A route is `default via 192.0.2.1 dev eth0 table 100`, without
 * `table` if it is in the main one. A route with several ways has no `dev`, but lines `nexthop via ... dev eth0 weight 1`.
 */
export function interfacesInRoutes(text: string, tables: ReadonlySet<string> | undefined): string[] {
  const routes = text.split(/\n(?=\S)/)
  const used = routes.filter((route) => !tables || tables.has(/ table (\S+)/.exec(route)?.[1] ?? 'main'))
  const names = used.flatMap((route) => [...route.matchAll(/ dev (\S+)/g)].map(([, name = '']) => name))
  return [...new Set(names)]
}

/** The main table: interface, destination and, as the eighth field, mask. */
export function interfacesInProc(text: string): string[] {
  const names = text.split('\n').flatMap((line) => {
    const [name = '', destination, , , , , , mask] = line.trim().split(/\s+/)
    return destination === '00000000' && mask === '00000000' ? [name] : []
  })
  return [...new Set(names)]
}

const STRICT = 1

export function checkReversePath(ways: readonly WayOut[]): readonly Finding[] {
  const check = 'reverse-path-filter'
  const [only] = ways
  if (only === undefined)
    return [
      note(check, 'there is no default route', {
        why: 'pods reach only the networks of the node',
      }),
    ]
  if (ways.length === 1) return [ok(check, `the default route leads through ${only.name}`)]
  const strict = ways.filter(({ filter }) => filter === STRICT).map(({ name }) => name)
  const all = ways.map(({ name }) => name).join(', ')
  if (strict.length === 0)
    return [ok(check, `default routes lead through ${all}, and none of these filters strictly`)]
  return [
    warning(check, {
      what: `default routes lead through ${all}, and rp_filter is strict (1) on ${strict.join(', ')}`,
      why: 'the kernel drops an answer, without a word, if it comes in through another interface than the one that the route to its sender leads through',
      mend: strict.map((name) => `sysctl -w net.ipv4.conf.${name}.rp_filter=2`).join('; '),
    }),
  ]
}
