import { symlinkSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, EXECUTABLES, type PluginCall, PREFIX } from '../lab/plugin'
import { podAddresses } from '../lab/table'

/** What looks at libcni's own cache directory: ADD after a flush, and STATUS. It is laid over the machine's. */

let node: Namespace
let network: CachedNetwork
let overlay: string
beforeEach(async () => {
  node = await createNamespace('restore')
  network = await createCachedNetwork(node)
  overlay = `mount -t tmpfs none /var/lib; mkdir -p /var/lib/cni; mount --bind ${network.cacheDir} /var/lib/cni`
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

const call = (command: string, options: PluginCall = {}) =>
  callPlugin(node, command, { before: overlay, ...options })

describe('an ADD that finds the table gone', () => {
  test('is not held up by a cache of thousands for longer than it may take', async () => {
    const one = await network.cache('x', ['10.244.1.7/24'])
    for (let i = 0; i < 20_000; i++) symlinkSync(one, join(network.cacheDir, 'results', `cbr0-x${i}-eth0`))
    await node.sh('nft flush ruleset')
    const config = configWith(['10.244.1.10/24'])
    const { status, stderr } = await call('ADD', { containerID: 'c', config })
    expect(status).toBe(0)
    // It stopped reading when its time was over, and says what it did not come to.
    const left = Number(/; run ip-masq sync to restore (\d+) more$/.exec(stderr)?.[1] ?? 0)
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(20_001)
  })
})

describe('an ADD that finds the table whole, and somebody flushes it before the ADD writes', () => {
  /** An nft that flushes the ruleset once, before the first transaction that declares a policy. */
  const flushing = async () => {
    const path = join(network.cacheDir, 'flushing')
    await mkdir(path)
    const nft = 'PATH=/usr/sbin:/sbin:/usr/bin nft'
    const script = `#!/bin/bash
cat > ${path}/script
if grep -q 'add chain inet ip-masq policy-' ${path}/script && mkdir ${path}/done 2>/dev/null; then ${nft} flush ruleset; fi
${nft} "$@" < ${path}/script
`
    await writeFile(join(path, 'nft'), script, { mode: 0o755 })
    return { IP_MASQ_CARRIER: 'nft', PATH: `${path}:/usr/bin:/bin` }
  }

  test.each([
    ['for the first pod of a policy', '10.244.1.10', { nonMasqueradeCIDRs: [] }],
    ['for an address that a stale pod has', '10.244.1.9', {}],
  ])('%s', async (_, address, keys) => {
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await call('ADD', { containerID: 'stale', config: configWith(['10.244.1.9/24']) })
    const { status, stderr } = await call('ADD', {
      containerID: 'c',
      config: configWith([`${address}/24`], keys),
      environment: await flushing(),
    })
    expect(status).toBe(0)
    // Whether there is time to restore depends on the machine; that there is something to restore is never missed.
    expect(stderr.startsWith(`${PREFIX}the table was gone; `)).toBe(true)
    expect(await podAddresses(node)).toContain(address)
  })
})

describe('STATUS', () => {
  const config = { cniVersion: '1.1.0', name: 'cbr0', type: 'ip-masq' }
  const none = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined }
  const hidden = 'for d in /usr/sbin /usr/local/sbin; do mount -t tmpfs none $d; done'

  describe.each(Object.entries(EXECUTABLES))('%s', (_, executable) => {
    const status = (options: PluginCall = {}) =>
      call('STATUS', { config, environment: none, executable, ...options })
    const weak = `setpriv --bounding-set=-net_admin --inh-caps=-net_admin ${executable}`

    test('of a healthy node: silent, and no process is started', async () => {
      const log = join(network.cacheDir, 'strace')
      const traced = `strace -f -qq -e trace=execve -o ${log} ${executable}`
      expect(await status({ executable: traced })).toMatchObject({ status: 0, stdout: '', stderr: '' })
      expect((await readFile(log, 'utf8')).match(/execve\(/g)).toHaveLength(1)
    })

    test('of a node that lost its rules: they come back with the next ADD', async () => {
      await network.add('a', ['10.244.1.7/24'])
      await node.sh('nft flush ruleset')
      expect(await status()).toMatchObject({ status: 0 })
    })

    test('without nft, where that is to carry them', async () => {
      const before = `${overlay}; ${hidden}`
      expect(await status({ before, config: { ...config, carrier: 'nft' } })).toMatchObject({
        status: 1,
        json: {
          cniVersion: '1.1.0',
          code: 50,
          msg: expect.stringMatching(
            /^ip-masq \S+ cannot install rules: nft cannot be started: .*\/usr\/sbin\/nft: ENOENT/,
          ),
        },
      })
      await network.cache('a', ['10.244.1.7/24'])
      expect((await status({ before, config: { ...config, carrier: 'nft' } })).json).toMatchObject({
        code: 51,
        msg: expect.stringMatching(/; the rules of running containers cannot be repaired either$/),
      })
    })

    test('without CAP_NET_ADMIN', async () => {
      expect((await status({ executable: weak })).json).toMatchObject({
        code: 50,
        msg: expect.stringMatching(/^ip-masq \S+ cannot install rules: CAP_NET_ADMIN is missing$/),
      })
    })

    test('where /proc does not tell, nft is asked', async () => {
      const before = `${overlay}; mount --bind /dev/null /proc/$$/status`
      expect(await status({ before })).toMatchObject({ status: 0, stdout: '' })
      expect((await status({ before, executable: weak })).json).toMatchObject({
        code: 50,
        msg: expect.stringContaining('Operation not permitted'),
      })
    })

    test.each([
      [{ nonMasqueradeCIDRs: null }, 7],
      [{ nonMasqCIDRs: [] }, 2],
      [{ name: 'a b' }, 7],
      [{ cniVersion: '1.0.0' }, 1],
      [{ cniVersion: '9.0.0' }, 1],
    ])('with %j answers as ADD would: code %d', async (keys, code) => {
      expect((await status({ config: { ...config, ...keys } })).json).toMatchObject({ code })
    })
  })
})
