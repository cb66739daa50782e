// scripts/netlink-goldens: what this machine's nft sends for each of our operations, into test/golden/netlink.txt.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { renderTransaction } from '../src/backend/nftables/render'
import { withNamespace } from '../test/lab/namespace'
import { OPERATIONS } from '../test/lab/netlink-cases'
import { parseDump } from '../test/lab/netlink-dump'

const CHANGES = new Set([0, 2, 3, 5, 6, 8, 9, 11, 12, 14])

await withNamespace('goldens', async ({ name }) => {
  const nft = (args: string[], input: string) =>
    execFileSync('ip', ['netns', 'exec', name, 'nft', ...args], { input, encoding: 'utf8' })
  const parts = OPERATIONS.map((operation, i) => {
    const line = renderTransaction([operation])
    // Each after all before it, so that what it names is there.
    const said = nft(['--debug=mnl', '-f', '-'], line)
    const messages = parseDump(said).filter(({ type, payload }) => CHANGES.has(type) && payload.length > 8)
    return [`# ${i} ${line.trim()}`, ...messages.map(({ type, payload }) => `${type} ${payload}`)].join('\n')
  })
  const head = `# ${nft(['--version'], '').trim()}: type and payload of each message. scripts/netlink-goldens makes this file.`
  writeFileSync(new URL('../test/golden/netlink.txt', import.meta.url), `${head}\n${parts.join('\n')}\n`)
})
