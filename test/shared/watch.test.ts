import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { firewall, masquerading } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { pause } from '../lab/patience'
import { nextLine } from '../lab/site'
import { startWatch, until } from '../lab/watch'

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('watch')
  network = await createCachedNetwork(node)
  await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

const isHooked = () =>
  node.sh(firewall.isHooked).then(
    () => true,
    () => false,
  )

describe('sync --watch', () => {
  test.each(firewall.losses)('restores rules that were %s', async (_, command) => {
    const { lines } = await startWatch(node, network)
    await node.sh(command)
    await until(async () => (await masquerading(node)).length === 2 && (await isHooked()))
    expect(await nextLine(lines, 30_000)).toMatch(/^repaired /)
  })

  test('notices the loss of rules that came after its start', async () => {
    await network.del('a')
    await node.sh(firewall.flush)
    await startWatch(node, network, { first: '0 attachments, nothing to do' })
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await pause(2000)
    await node.sh(firewall.flush)
    await until(async () => (await masquerading(node)).length === 2)
  })

  test('follows a conflist', async () => {
    await startWatch(node, network)
    await network.writeConflist({ nonMasqueradeCIDRs: ['192.0.2.0/24'] })
    await until(async () => (await firewall.exempt(node, '10.244.1.7')).includes('192.0.2.0/24'))
  })

  test('is quiet when nothing happens, and its rules stay as they are', async () => {
    const { child, lines } = await startWatch(node, network, { interval: '1s' })
    const before = await node.sh(firewall.listHandles)
    expect(await nextLine(lines)).toBe('no answer')
    expect(await node.sh(firewall.listHandles)).toBe(before)
    expect(child.exitCode).toBe(null)
  })
})
