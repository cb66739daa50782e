import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepCompany } from '../lab/company'
import { firewall } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { patience } from '../lab/patience'
import { readTable } from '../lab/table'

/** A shortened form of `npm run company`, over the firewall and the carrier of this ring. */

let node: Namespace
beforeEach(async () => {
  node = await createNamespace('company')
})
afterEach(() => node.delete())

const RUNS = Number(process.env.COMPANY_RUNS ?? 1)
const PODS = Number(process.env.COMPANY_PODS ?? 100)

test.each(Array.from({ length: RUNS }, (_, i) => i + 1))(
  `of ${PODS} pods that come and go 64 at a time nothing is left, and nothing of anybody else is gone (run %i)`,
  { timeout: patience(300_000 + PODS * 2000) },
  async () => {
    await node.sh(firewall.addForeign)
    const foreign = await node.sh(firewall.listForeign)
    const carrier = process.env.IP_MASQ_CARRIER ?? 'auto'
    const { odd, expected } = await keepCompany(node, {
      pods: PODS,
      environment: { IP_MASQ_CARRIER: carrier },
    })
    expect(odd).toEqual([])
    expect(await firewall.holders(node)).toEqual(expected)
    if (firewall.name === 'nftables') await expectSlotsOf(Object.values(expected))
    expect(await node.sh(firewall.listForeign)).toBe(foreign)
  },
)

/** Every living pod has its slots, and no dead one has any. */
async function expectSlotsOf(living: readonly string[]): Promise<void> {
  const table = await readTable(node)
  const digests = new Set(Object.keys(table?.slots ?? {}).map(digestOf))
  expect(digests).toEqual(new Set(living.map((id) => digestOf(keyOf(id)))))
  expect(Object.values(table?.slots ?? {}).sort()).toEqual(Object.keys(table?.owners ?? {}).sort())
}

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
