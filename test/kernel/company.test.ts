import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepCompany } from '../lab/company'
import { createNamespace, type Namespace } from '../lab/namespace'
import { readTable } from '../lab/table'

/** A shortened form of `npm run company`, over the carrier of this ring. */

let node: Namespace
beforeEach(async () => {
  node = await createNamespace('company')
})
afterEach(() => node.delete())

const RUNS = Number(process.env.COMPANY_RUNS ?? 1)
const PODS = Number(process.env.COMPANY_PODS ?? 100)

test.each(Array.from({ length: RUNS }, (_, i) => i + 1))(
  `of ${PODS} pods that come and go 64 at a time nothing is left, and nothing of anybody else is gone (run %i)`,
  { timeout: 1_200_000 + PODS * 1000 },
  async () => {
    await node.sh(`nft -f - <<< 'table inet foreign {
    map owners { type ipv4_addr : ipv4_addr; elements = { 10.64.0.1 : 10.64.0.2 }; }
  }'`)
    const foreign = await node.sh('nft list table inet foreign')
    const carrier = process.env.IP_MASQ_CARRIER ?? 'auto'
    const { odd, expected } = await keepCompany(node, {
      pods: PODS,
      environment: { IP_MASQ_CARRIER: carrier },
    })
    expect(odd).toEqual([])
    const table = await readTable(node)
    const holders = Object.entries(table?.comments ?? {}).map(([address, comment]) => [
      address.replace('::ffff:', ''),
      comment.split(' ')[3],
    ])
    expect(Object.fromEntries(holders)).toEqual(expected)
    expect(Object.keys(table?.pods ?? {}).sort()).toEqual(Object.keys(expected).sort())
    // Every living pod has its slots, and no dead one has any.
    const digests = new Set(Object.keys(table?.slots ?? {}).map(digestOf))
    const living = new Set(Object.values(expected).map((id) => digestOf(keyOf(id))))
    expect(digests).toEqual(living)
    expect(Object.values(table?.slots ?? {}).sort()).toEqual(Object.keys(table?.owners ?? {}).sort())
    expect(await node.sh('nft list table inet foreign')).toBe(foreign)
  },
)

/** The first 24 hex digits of a printed key. */
function digestOf(key: string): string {
  const [head = '', tail = ''] = key.split('::')
  const [before, after] = [head, tail].map((part) => (part === '' ? [] : part.split(':')))
  const missing = key.includes('::') ? 8 - (before?.length ?? 0) - (after?.length ?? 0) : 0
  const groups = [...(before ?? []), ...Array(missing).fill('0'), ...(after ?? [])]
  return groups
    .map((group) => group.padStart(4, '0'))
    .join('')
    .slice(0, 24)
}

function keyOf(containerID: string): string {
  const digits = createHash('sha256')
    .update(JSON.stringify([containerID, 'eth0']))
    .digest('hex')
    .slice(0, 24)
  return `${digits.match(/.{4}/g)?.join(':')}:0:0`
}
