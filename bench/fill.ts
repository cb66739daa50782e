import { createHash } from 'node:crypto'
import { runInside } from './stopwatch'

/** The rules of `count` other pods, as the plugins under test leave them behind. */

const hex = (text: string, digits: number) => createHash('sha256').update(text).digest('hex').slice(0, digits)

const address = (i: number) => `10.${200 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`

const range = (count: number) => Array.from({ length: count }, (_, i) => i)

/** Owners and pods of ip-masq, all with the policy of the pod that is there already. */
export function fillIpMasq(namespacePath: string, count: number): void {
  if (count === 0) return
  const policy = /goto (policy-[0-9a-f]{16})/.exec(
    runInside(namespacePath, 'nft', ['list', 'map', 'inet', 'ip-masq', 'pods-ip']),
  )?.[1]
  const owners = range(count).map((i) => {
    const value = hex(`owner ${i}`, 32).match(/.{4}/g)?.join(':')
    return `::ffff:${address(i)} comment "0123456789abcdef 1700000000 bench ${hex(`${i}`, 64)} eth0 shop/pod" : ${value}`
  })
  const pods = range(count).map((i) => `${address(i)} : goto ${policy}`)
  runInside(
    namespacePath,
    'nft',
    ['-f', '-'],
    `add element inet ip-masq owners { ${owners.join(', ')} }
add element inet ip-masq pods-ip { ${pods.join(', ')} }\n`,
  )
}

/** What ip-masq's iptables backend writes, likewise. */
export function fillIptables(namespacePath: string, tool: string, count: number): void {
  if (count === 0) return
  const policy = /^-A IPM-A\S+ -g (\S+)/m.exec(runInside(namespacePath, tool, ['-t', 'nat', '-S']))?.[1]
  const lines = range(count).flatMap((i) => {
    const [dispatch, owner] = [`IPM-A-${address(i)}`, `IPM-O-${hex(`owner ${i}`, 20)}`]
    const comment = `-m comment --comment "bench ${hex(`${i}`, 64)} eth0 shop/pod"`
    return [
      `-N ${owner}`,
      `-A ${owner} -s 1.35.69.103/32 -d 101.83.${i >> 8}.${i & 255}/32 ${comment} -j RETURN`,
      `-A ${owner} -s 8.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32 -d 0.0.0.1/32 -j RETURN`,
      `-A ${owner} -s ${address(i)}/32 -j RETURN`,
      `-N ${dispatch}`,
      `-A ${dispatch} -g ${policy}`,
      `-A ${dispatch} -j ${owner}`,
      `-A IPM-PODS -s ${address(i)}/32 -g ${dispatch}`,
    ]
  })
  runInside(namespacePath, `${tool}-restore`, ['--noflush'], ['*nat', ...lines, 'COMMIT', ''].join('\n'))
}

/** A chain and a jump for each pod, as the reference bridge plugin's ipMasq writes them with iptables. */
export function fillBridge(namespacePath: string, count: number, tool = 'iptables'): void {
  if (count === 0) return
  const chains = range(count).map((i) => `CNI-${hex(`${i}`, 24)}`)
  const comment = (i: number) => `-m comment --comment "name: \\"bench\\" id: \\"${hex(`${i}`, 64)}\\""`
  const lines = [
    '*nat',
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...chains.map((chain, i) => `-A POSTROUTING -s ${address(i)}/32 ${comment(i)} -j ${chain}`),
    ...chains.map((chain, i) => `-A ${chain} -d 10.244.0.0/16 ${comment(i)} -j ACCEPT`),
    ...chains.map((chain, i) => `-A ${chain} ! -d 224.0.0.0/4 ${comment(i)} -j MASQUERADE`),
    'COMMIT',
  ]
  runInside(namespacePath, `${tool}-restore`, ['--noflush'], `${lines.join('\n')}\n`)
}
