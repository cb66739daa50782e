import { writeSync } from 'node:fs'
import { createNamespace, type Namespace } from '../test/lab/namespace'
import { addressesOf, type Conflist, createNetwork, readConflist } from '../test/lab/runtime'
import { createSite, DESTINATIONS, NODE, sourceSeen } from '../test/lab/site'

/**
 * A node, two pods and an outside network; the conflist goes through the real bridge, host-local and ip-masq. The
 * namespaces are swept up by scripts/demo.
 */

const CONFLIST = 'bridge-dual-stack.conflist'

const say = (text: string) => writeSync(1, `${text}\n`)

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  for (const row of rows) say(`  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
}

const indent = (text: string) => text.replace(/^/gm, '  ')

interface Pod {
  readonly name: string
  readonly namespace: Namespace
  readonly ipv4: string
  readonly ipv6: string
}

let wrong = 0
const verdict = (isRight: boolean) => {
  if (!isRight) wrong += 1
  return isRight ? 'ok' : 'WRONG'
}

/** The same network beside it, as it was before ip-masq: other addresses, and bridge's `ipMasq` on. */
function masqueradingBridge({ cniVersion, plugins }: Conflist): Conflist {
  const [bridge] = plugins
  const ranges = [[{ subnet: '10.245.1.0/24' }], [{ subnet: 'fd00:245:1::/64' }]]
  const ipam = { ...(bridge?.ipam as object), ranges }
  return { cniVersion, name: 'bare', plugins: [{ ...bridge, bridge: 'cni1', ipMasq: true, ipam }] }
}

const site = await createSite()
const conflist = await readConflist(CONFLIST)
const network = await createNetwork(site.node, conflist)

say(`\nA node (${NODE.ipv4}, ${NODE.ipv6}) with the network of conf/${CONFLIST}:`)
say(indent(JSON.stringify(conflist.plugins.at(-1))))

const pods: Pod[] = []
for (const name of ['web', 'db']) {
  const namespace = await createNamespace(name)
  const [ipv4 = '', ipv6 = ''] = addressesOf(await network.add(namespace, `demo-${name}`))
  pods.push({ name, namespace, ipv4, ipv6 })
  say(`ADD ${name}: ${ipv4}, ${ipv6}`)
}

/** A pod of a network whose bridge masquerades by itself, and knows no exemptions. */
const bare: Pod = { name: 'bare', namespace: await createNamespace('bare'), ipv4: '', ipv6: '' }
const bareNetwork = await createNetwork(site.node, masqueradingBridge(conflist))
await bareNetwork.add(bare.namespace, 'demo-bare')

say('\nWhich source address each destination sees:\n')
const rows = [['pod', 'destination', '', 'ip-masq', 'expected', 'verdict', "bridge's own ipMasq"]]
for (const pod of pods) {
  const expectations: [string, string, string][] = [
    ['internet', DESTINATIONS.internet, NODE.ipv4],
    ['internet', DESTINATIONS.internet6, NODE.ipv6],
    ['on-prem, exempt', DESTINATIONS.onPrem, pod.ipv4],
    ['on-prem, exempt', DESTINATIONS.onPrem6, pod.ipv6],
    ['pod of another node, exempt', DESTINATIONS.otherNodesPod, pod.ipv4],
    ['pod of another node, exempt', DESTINATIONS.otherNodesPod6, pod.ipv6],
    ['link-local, built-in', DESTINATIONS.linkLocal, pod.ipv4],
  ]
  for (const [what, destination, expected] of expectations) {
    const seen = await sourceSeen(pod.namespace, destination)
    const own = await sourceSeen(bare.namespace, destination)
    rows.push([pod.name, destination, what, seen, expected, verdict(seen === expected), own])
  }
}
printTable(rows)
say('\nThe last column is a pod of a network without ip-masq: every destination sees the node.')

await bareNetwork.del(bare.namespace, 'demo-bare')

const [web] = pods
if (!web) throw new Error('no pod')
const elementsOf = async (pod: Pod) => {
  const listing = await site.node.sh('nft list table inet ip-masq')
  const lines = listing
    .split(/\n|(?<=,)\s/)
    .map((line) => line.replace(/.*elements = \{|[,}]\s*$/g, '').trim())
  return lines.filter((line) =>
    [pod.ipv4, pod.ipv6].some((ip) => line.replace('::ffff:', '').split(' ')[0] === ip),
  )
}

say(`\nThe rules of ${web.name} (owners, then its addresses' policies), and the policy that it shares:\n`)
const before = await elementsOf(web)
say(indent(before.join('\n')))
const policy = /policy-[0-9a-f]+/.exec(before.join())?.[0]
say(indent(await site.node.sh(`nft list chain inet ip-masq ${policy}`)))
verdict(before.length === 4)

say(`\nDEL ${web.name}, as runtimes do it: once with prevResult, once without.`)
await network.del(web.namespace, 'demo-web')
await network.del(web.namespace, 'demo-web', 'lost')
const after = await elementsOf(web)
say(`Rules of ${web.name} left: ${after.length} of ${before.length}: ${verdict(after.length === 0)}`)

const [, db] = pods
const seen = db && (await sourceSeen(db.namespace, DESTINATIONS.internet))
say(
  `The other pod is still masqueraded towards ${DESTINATIONS.internet}: ${seen}: ${verdict(seen === NODE.ipv4)}`,
)

await network.delete()
await bareNetwork.delete()
await Promise.all([...[...pods, bare].map((pod) => pod.namespace.delete()), site.delete()])
say(wrong === 0 ? '\nAll as expected.' : `\n${wrong} WRONG.`)
process.exitCode = wrong === 0 ? 0 : 1
