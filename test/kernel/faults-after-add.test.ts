import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { over } from '../lab/carrier'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, type PluginCall, succeed } from '../lab/plugin'
import { podAddresses } from '../lab/table'
import { IPTABLES } from '../lab/tools'

/** Once the rules of an ADD stand, the pod has what it needs: whatever goes wrong after that, the ADD succeeds. */

let node: Namespace
let directory: string
beforeEach(async () => {
  node = await createNamespace('faults')
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-faults-'))
})
afterEach(async () => {
  await node.delete()
  await rm(directory, { recursive: true })
})

const FAULTS = [
  ['hangs', 'exec /bin/sleep 300', true],
  ['is killed', 'kill -9 $$', true],
  ['refuses', 'echo "no such thing" >&2; exit 1', false],
  ['waits for the lock', 'echo "Another app is currently holding the xtables lock." >&2; exit 4', true],
  ['cannot run', 'exit 127', false],
] as const

const pod = (backend: string): PluginCall => ({
  config: configWith(['10.244.1.7/24', 'fd00::7/64'], { backend }),
  environment: { PATH: `${directory}:/usr/sbin:/usr/bin:/bin` },
})

describe.each(['nft', 'netlink'] as const)('over %s', (carrier) => {
  over(carrier)

  test.each(FAULTS)(
    'the first ADD over nftables, and then an iptables that %s',
    async (_, script, gaveNoAnswer) => {
      // Where the kernel has no such table, iptables is not asked.
      await node.sh('iptables-nft -t nat -N OTHERS')
      for (const tool of IPTABLES) {
        await writeFile(join(directory, tool), `#!/bin/sh\ntouch ${directory}/asked\n${script}\n`, {
          mode: 0o755,
        })
      }
      const reply = await callPlugin(node, 'ADD', pod('nftables'))
      expect(reply).toMatchObject({ status: 0, stderr: '' })
      expect(await podAddresses(node)).toEqual(['10.244.1.7', 'fd00::7'])
      // The fault did happen; and an iptables that gave no answer may have rules, so DELs will look there.
      expect(await node.sh(`ls ${directory}`)).toContain('asked')
      if (gaveNoAnswer) expect(await node.sh('nft list table inet ip-masq')).toContain('"iptables"')
      await succeed(node, 'DEL', { ...pod('nftables'), environment: {} })
      expect(await podAddresses(node)).toEqual([])
    },
  )
})

describe('over nft', () => {
  over('nft')

  test.each(FAULTS)('the first ADD over iptables, and then an nft that %s', async (_, script) => {
    await succeed(node, 'ADD', {
      containerID: 'other',
      config: configWith(['10.244.1.8/24'], { backend: 'nftables' }),
    })
    await writeFile(join(directory, 'nft'), `#!/bin/sh\ntouch ${directory}/asked\n${script}\n`, {
      mode: 0o755,
    })
    const reply = await callPlugin(node, 'ADD', pod('iptables'))
    expect(reply).toMatchObject({ status: 0, stderr: '' })
    expect(await node.sh(`ls ${directory}`)).toContain('asked')
    const rules = await node.sh('for t in iptables-nft ip6tables-nft; do $t -t nat -S IPM-PODS; done')
    expect(rules.match(/-s \S+/g)).toEqual(['-s 10.244.1.7/32', '-s fd00::7/128'])
  })
})
