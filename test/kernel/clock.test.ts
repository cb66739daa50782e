import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace, OWN_ADDRESS } from '../lab/namespace'
import { podAddresses, readTable } from '../lab/table'

/** Rules that were written while the clock of the node was wrong: only the time since the boot decides anything. */

const KEY = `::ffff:${OWN_ADDRESS}`
/** A path with a space cannot be recorded. */
const UNRECORDED = `/var/run/netns${`/${'long'.repeat(50)}`.repeat(6)}`
const FUTURE = '4000000000'
const PAST = '0000000001'

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('clock')
  network = await createCachedNetwork(node)
  // A cache that knows its network.
  await network.add('here', ['10.244.1.8/24'], UNRECORDED)
  await network.cache('here', ['10.244.1.8/24'])
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

/** Writes another time of day into the note of the rules. */
async function setEpoch(seconds: string) {
  const table = await readTable(node)
  const [digest, , ...rest] = table?.comments[KEY]?.split(' ') ?? []
  const comment = [digest, seconds, ...rest].join(' ')
  await node.sh(`nft -f - <<'END'
delete element inet ip-masq owners { ${KEY} }
add element inet ip-masq owners { ${KEY} comment "${comment}" : ${table?.owners[KEY]} }
END`)
  expect((await readTable(node))?.comments[KEY]).toContain(` ${seconds} cbr0 a eth0`)
}

describe.each([
  ['far ahead', FUTURE],
  ['far behind', PAST],
])('the clock was %s', (_, epoch) => {
  test.each(['gc', 'sync --prune'])('%s removes the rules once the namespace is gone', async (command) => {
    await network.add('a', [`${OWN_ADDRESS}/24`], '/var/run/netns/ip-masq-gone')
    await setEpoch(epoch)
    await network.command(command)
    expect(await podAddresses(node)).toEqual(['10.244.1.8'])
  })

  test('gc keeps the rules of an ADD that is under way', async () => {
    await network.add('a', [`${OWN_ADDRESS}/24`], UNRECORDED)
    await network.uncache('a')
    await setEpoch(epoch)
    // All namespaces are seen by their processes.
    const before = 'umount -l /run/netns 2>/dev/null || true; mount -t tmpfs none /run/netns'
    const { stdout } = await network.command('gc', { before })
    expect(stdout).toContain('kept shop/a (a eth0, network cbr0): its ADD may be under way')
    expect(await podAddresses(node)).toEqual([OWN_ADDRESS, '10.244.1.8'])
  })
})
