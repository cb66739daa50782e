import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { firewall } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('metrics')
  network = await createCachedNetwork(node)
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

/** The sum of a metric's samples over all places; there may be more kinds of iptables than the one with rules. */
async function sumOf(metric: string): Promise<number> {
  const { stdout } = await network.command('metrics')
  const samples = stdout.split('\n').filter((line) => line.startsWith(`${metric}{`))
  expect(samples.length).toBeGreaterThan(0)
  return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

test('pods are counted in the place that has their rules, and lost rules are drift', async () => {
  expect(await sumOf('ip_masq_attachments')).toBe(0)
  await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
  await network.add('b', ['10.244.1.8/24'])
  expect(await sumOf('ip_masq_attachments')).toBe(2)
  expect(await sumOf('ip_masq_drift')).toBe(0)
  await node.sh(firewall.flush)
  expect(await sumOf('ip_masq_attachments')).toBe(0)
  const { stdout } = await network.command('metrics')
  expect(stdout.split('\n')).toContain('ip_masq_drift{kind="missing"} 2')
  await network.command('sync')
  expect(await sumOf('ip_masq_attachments')).toBe(2)
})
