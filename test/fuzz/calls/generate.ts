import { BROKEN } from './broken-input'
import {
  type Add,
  type Call,
  type Del,
  type Ip,
  type Keys,
  keyOf,
  type Operation,
  type Pod,
  SHAPES,
  type Sync,
  VERSIONS,
} from './operations'
import type { Random } from './random'

/** Few names and addresses, so that calls meet. The odd ones are legal. */
const PODS: readonly [Pod, ...Pod[]] = [
  { containerID: 'c1', ifname: 'eth0' },
  { containerID: 'c1', ifname: 'net1' },
  { containerID: 'c2', ifname: 'eth0' },
  { containerID: 'c3', ifname: 'eth0' },
  { containerID: '0123456789abcdef'.repeat(4), ifname: 'eth0' },
  { containerID: 'x_y.z-1', ifname: 'a"b\'c' },
  { containerID: 'C', ifname: '$a;b|c&' },
  { containerID: 'c2-eth0', ifname: '-j' },
  { containerID: '9', ifname: 'é{}#' },
  { containerID: 'L'.repeat(150), ifname: 'fifteen-bytes-x' },
]

const NETWORKS: readonly [string, ...string[]] = ['cbr0', 'other.net', 'cbr0']

/** A pod does not change its network. */
function networkOf(pod: Pod): string {
  return PODS.indexOf(pod) % 3 === 2 ? 'other.net' : 'cbr0'
}

const IPV4 = ['10.244.1.7', '10.244.1.8', '10.244.2.9', '192.168.5.5', '100.64.0.3']
const IPV6 = ['fd00::7', 'fd00::8', '2001:db8:1::3']

const EXEMPT = [
  ...['10.0.0.0/8', '10.244.0.0/16', '172.16.0.0/12', '192.168.0.0/16', '198.51.100.7/32', '0.0.0.0/0'],
  ...['fc00::/7', '2001:db8::/32', '2001:db8:1::/48', '::/0', '128.0.0.0/1', '8.8.8.0/24'],
]
const EXCEPTIONS = ['10.100.10.0/24', '10.244.1.0/25', '192.168.128.0/17', '2001:db8:1:2::/64', 'fd00:5::/32']

const SYNC: Sync = { call: 'sync', prune: false, dryRun: false }

export interface Generator {
  next(): Operation
}

export function generator(random: Random): Generator {
  /** What is up as far as an operator would think. */
  const up = new Map<string, { readonly pod: Pod; readonly network: string; readonly ips: readonly Ip[] }>()
  const queue: Operation[] = ['cbr0', 'other.net'].map((conf) => ({ conf, keys: keys(random) }))

  const ips = (): Ip[] => {
    const v4 = random.some(
      IPV4,
      random.weighted([
        [2, 0],
        [10, 1],
        [2, 2],
      ]),
    )
    const v6 = random.some(
      IPV6,
      random.weighted([
        [6, 0],
        [6, 1],
        [1, 2],
      ]),
    )
    const chosen = [
      ...v4.map((address) => ({ address, length: random.pick([24, 24, 16, 32, 0]) })),
      ...v6.map((address) => ({ address, length: random.pick([64, 64, 128]) })),
    ]
    return chosen.length > 0 ? chosen : [{ address: IPV4[0] ?? '', length: 24 }]
  }
  const add = (pod = random.pick(PODS), own = ips()): Add => {
    const network = networkOf(pod)
    up.set(keyOf(pod), { pod, network, ips: own })
    return {
      ...{ call: 'ADD', pod, network, ips: own, shape: random.pick(SHAPES), version: random.pick(VERSIONS) },
      ...(random.chance(0.08) && { chainFails: true }),
    }
  }
  const known = () => random.some([...up.values()], 1)[0]
  const del = (one = known()): Del => {
    const pod = one?.pod ?? random.pick(PODS)
    const own = one?.ips ?? ips()
    if (random.chance(0.9)) up.delete(keyOf(pod))
    const prevResult = random.weighted<Del['prevResult']>([
      [5, 'none'],
      [5, own],
      [1, ips()],
      [1, 'broken'],
    ])
    // The network may have another name by now; then libcni does not find the cache file either.
    if (random.chance(0.05)) return { call: 'DEL', pod, network: 'renamed', prevResult, chainFails: true }
    return {
      ...{ call: 'DEL', pod, network: networkOf(pod), prevResult },
      ...(random.chance(0.1) && { chainFails: true }),
    }
  }
  const call = (): Call => {
    const one = known()
    switch (
      random.weighted([
        [30, 'add'],
        [26, 'del'],
        [8, 'check'],
        [10, 'sync'],
        [4, 'gc'],
        [4, 'GC'],
        [8, 'broken'],
      ])
    ) {
      case 'add':
        return add()
      case 'del':
        return del(random.chance(0.85) ? one : undefined)
      case 'check':
        return one ? { call: 'CHECK', ...one, repairs: random.chance(0.8) } : add()
      case 'sync':
        return { call: 'sync', prune: random.chance(0.3), dryRun: random.chance(0.15) }
      case 'gc':
        return { call: 'gc', dryRun: random.chance(0.2) }
      case 'GC': {
        const network = random.pick(NETWORKS)
        const pods = [...up.values()].filter((pod) => pod.network === network).map(({ pod }) => pod)
        const valid = random.weighted([
          [5, pods],
          [1, random.some(pods, 1)],
          [1, []],
          [2, null],
        ])
        return { call: 'GC', network, valid }
      }
      default: {
        const what = random.some(BROKEN, 1)[0] ?? ''
        return { call: 'broken', what, pod: random.pick(PODS), network: random.pick(NETWORKS) }
      }
    }
  }
  const group = (): Operation => {
    const shared = ips()
    const others = random.some(PODS, 4)
    const calls: Call[] = random.weighted<() => Call[]>([
      // Pods that get the same addresses, and perhaps the DEL of whoever had them.
      [3, () => [...others.slice(0, 3).map((pod) => add(pod, shared)), del()]],
      // A node that is drained while others come.
      [4, () => [...[...up.values()].slice(0, 3).map((one) => del(one)), add(), add()]],
      [3, () => [{ call: 'sync', prune: random.chance(0.3), dryRun: false }, del(), del(), add()]],
      [2, () => [{ call: 'lose', what: random.pick(['ruleset', 'hook']) }, add(), add(), del()]],
      [2, () => [{ call: 'GC', network: 'cbr0', valid: null }, add(), del()]],
      [
        1,
        () => [
          { call: 'sync', prune: true, dryRun: false },
          { call: 'sync', prune: false, dryRun: false },
          add(),
        ],
      ],
      [3, () => Array.from({ length: 2 + random.below(3) }, call)],
    ])()
    return {
      group: withoutSecondAdds(calls).map((one) => ({ ...one, delayMs: random.pick([0, 0, 0, 3, 8, 20]) })),
    }
  }
  return {
    next() {
      const queued = queue.shift()
      if (queued) return queued
      switch (
        random.weighted([
          [50, 'call'],
          [22, 'group'],
          [7, 'lose'],
          [5, 'conf'],
          [4, 'dies'],
          [3, 'file'],
          [6, 'killed'],
          [1, 'crowd'],
        ])
      ) {
        case 'call':
          return call()
        case 'group':
          return group()
        case 'lose':
          queue.push(random.pick<() => Call>([() => add(), () => SYNC, () => del()])())
          return { call: 'lose', what: random.pick(['ruleset', 'ours', 'hook']) }
        case 'conf':
          return { conf: random.pick(NETWORKS), keys: keys(random) }
        case 'dies':
          return { dies: (known()?.pod ?? random.pick(PODS)).containerID }
        case 'file':
          return {
            cacheFile: known()?.pod ?? random.pick(PODS),
            becomes: random.pick(['torn', 'empty', 'lost']),
          }
        case 'crowd':
          return { crowd: 16 + random.below(24), prevResult: random.chance(0.3) }
        default: {
          const killed = random.pick<() => Add | Del | Sync>([
            () => add(),
            () => del(),
            () => del(),
            () => SYNC,
          ])()
          return { killed, afterMs: random.below(30) }
        }
      }
    },
  }
}

/** No runtime adds an attachment twice at the same time; it may delete one that it is still adding. */
function withoutSecondAdds(calls: readonly Call[]): Call[] {
  const added = new Set<string>()
  return calls.filter((call) => {
    if (call.call !== 'ADD') return true
    const isSecond = added.has(keyOf(call.pod))
    added.add(keyOf(call.pod))
    return !isSecond
  })
}

/** Keys that the oracle knows. */
function keys(random: Random): Keys {
  return {
    ...(random.chance(0.6) && { nonMasqueradeCIDRs: random.some(EXEMPT, random.below(5)) }),
    ...(random.chance(0.4) && { masqueradeCIDRs: random.some(EXCEPTIONS, random.below(4)) }),
    ...(random.chance(0.2) && { nonMasqueradeDefaults: 'reserved' }),
    ...(random.chance(0.15) && { masqLinkLocal: true }),
    ...(random.chance(0.15) && { masqLinkLocalIPv6: true }),
    ...(random.chance(0.1) && { ipv4: false }),
    ...(random.chance(0.1) && { ipv6: false }),
    ...(random.chance(0.2) && { randomFully: false }),
  }
}
