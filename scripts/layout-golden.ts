// scripts/layout-golden: a table with two running pods that share a policy, into test/golden/layout-3.nft.
import { writeFileSync } from 'node:fs'
import { withNamespace } from '../test/lab/namespace'
import { configWith, succeed } from '../test/lab/plugin'

await withNamespace('layout', async (node) => {
  for (const [containerID, host] of [
    ['a', 7],
    ['b', 8],
  ] as const) {
    const config = configWith([`10.244.1.${host}/24`, `fd00:244:1::${host}/64`])
    const CNI_ARGS = `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${containerID}`
    await succeed(node, 'ADD', { containerID, config, environment: { CNI_ARGS } })
  }
  const listing = await node.sh('nft list table inet ip-masq')
  // Nobody reads when it was, and a namespace that is named says that it was there.
  const text = listing
    .replaceAll(/(comment "[0-9a-f]{16}) \d{10} /g, '$1 1700000000 ')
    .replaceAll(/(comment "\d) \d+ a [^" ]+"/g, '$1 4711 a /var/run/netns/web"')
  writeFileSync(new URL('../test/golden/layout-3.nft', import.meta.url), `${text.trimEnd()}\n`)
})
