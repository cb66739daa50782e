import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { overNft } from '../lab/carrier'
import { createNamespace, type Namespace } from '../lab/namespace'
import { pause } from '../lab/patience'
import { EXECUTABLES } from '../lab/plugin'
import { nextLine } from '../lab/site'
import { podAddresses, readTable } from '../lab/table'
import { startWatch, until } from '../lab/watch'

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('watch')
  network = await createCachedNetwork(node)
  await network.add('a', ['10.244.1.7/24'])
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

const exempt = async () => {
  const table = await readTable(node)
  return table?.sets[`${table.pods['10.244.1.7']}-ip`] ?? []
}

describe('sync --watch', () => {
  test('outlives a glob that cannot be read, and patterns that are no paths', async () => {
    const { child } = await startWatch(node, network)
    await network.writeConflist({ configFiles: [`/${'*'.repeat(70_000)}`, '**/x'] })
    await pause(3500)
    await network.writeConflist({ nonMasqueradeCIDRs: ['203.0.113.0/24'] })
    await until(async () => (await exempt()).includes('203.0.113.0/24'))
    expect(child.exitCode).toBeNull()
  })

  test('follows the files that a conflist names, also those that a glob finds later', async () => {
    const file = join(network.cacheDir, 'agent.yaml')
    await writeFile(file, 'nonMasqueradeCIDRs: [192.0.2.0/24]')
    await network.writeConflist({ configFiles: [file, `${network.cacheDir}/more/*`] })
    await network.command('sync')
    await startWatch(node, network)
    await writeFile(file, 'nonMasqueradeCIDRs: [203.0.113.0/24]')
    await until(async () => (await exempt()).includes('203.0.113.0/24'))
    await mkdir(join(network.cacheDir, 'more'))
    await writeFile(join(network.cacheDir, 'more', 'b.json'), '{"nonMasqueradeCIDRs": ["198.18.0.0/15"]}')
    await until(async () => (await exempt()).includes('198.18.0.0/15'))
  })

  test.each(['modified', 'renamed over', 'created'])('follows a conflist that was %s', async (how) => {
    await startWatch(node, network)
    const file = join(network.confDir, '10-pods.conflist')
    const text = JSON.stringify({
      cniVersion: '1.0.0',
      name: 'cbr0',
      plugins: [{ type: 'bridge' }, { type: 'ip-masq', nonMasqueradeCIDRs: ['192.0.2.0/24'] }],
    })
    if (how === 'modified') await writeFile(file, text)
    if (how === 'created') await writeFile(join(network.confDir, '05-first.conflist'), text)
    if (how === 'renamed over') {
      await writeFile(`${file}.tmp`, text)
      await rename(`${file}.tmp`, file)
    }
    await until(async () => (await exempt()).includes('192.0.2.0/24'))
  })

  test('follows a conflist beside an entry that cannot be read', async () => {
    await node.sh(`ln -s /nonexistent ${network.confDir}/zz`)
    await startWatch(node, network)
    await network.writeConflist({ nonMasqueradeCIDRs: ['192.0.2.0/24'] })
    await until(async () => (await exempt()).includes('192.0.2.0/24'))
  })

  test('syncs every interval', async () => {
    await startWatch(node, network, { interval: '2s' })
    await network.cache('b', ['10.244.1.8/24'])
    await until(async () => (await podAddresses(node)).length === 2)
  })

  describe('with an nft that fails for a while', () => {
    overNft()

    test('a run that failed is told, and tried again soon', async () => {
      const script = `#!/bin/bash
        [ -e ${network.cacheDir}/broken ] && echo "Error: of some sort" >&2 && exit 1
        PATH=/usr/sbin:/usr/bin:/bin exec nft "$@"`
      await writeFile(join(network.cacheDir, 'nft'), script, { mode: 0o755 })
      const directories = ['--conf-dir', network.confDir, '--cache-dir', network.cacheDir]
      node
        .start('env', `PATH=${network.cacheDir}`, EXECUTABLES.native, 'sync', '--watch', ...directories)
        .stdout?.resume()
      await network.cache('b', ['10.244.1.8/24'])
      await writeFile(join(network.cacheDir, 'broken'), '')
      await network.writeConflist({ nonMasqueradeCIDRs: ['192.0.2.0/24'] })
      await pause(2500)
      expect(await exempt()).not.toContain('192.0.2.0/24')
      await rm(join(network.cacheDir, 'broken'))
      await until(async () => (await exempt()).includes('192.0.2.0/24'))
    })
  })

  test('a conflist that is wrong is told, and the watch goes on', async () => {
    const { child, lines } = await startWatch(node, network)
    await network.writeConflist({ nonMasqueradeCIDRs: ['10/8'] })
    expect(await nextLine(lines, 30_000)).toMatch(
      /^error: network cbr0: Cannot use nonMasqueradeCIDRs\[0\] "10\/8"/,
    )
    await network.writeConflist({ nonMasqueradeCIDRs: ['192.0.2.0/24'] })
    await until(async () => (await exempt()).includes('192.0.2.0/24'))
    expect(child.exitCode).toBe(null)
  })

  describe.each(Object.entries(EXECUTABLES))('whose log is a full pipe (%s)', (artefact, executable) => {
    const start = async () => {
      const log = join(network.cacheDir, 'log')
      // Descriptor 3 keeps the pipe open for reading, and reads nothing.
      const script = `mkfifo ${log}; exec 3<>${log}
        dd if=/dev/zero of=${log} bs=4096 count=1000 oflag=nonblock 2>/dev/null || true
        exec ${executable} sync --watch --conf-dir ${network.confDir} --cache-dir ${network.cacheDir} >${log} 2>&1`
      const child = node.start('bash', '-c', script)
      const exit = new Promise<unknown>((resolve) =>
        child.once('exit', (status, signal) => resolve(signal ?? status)),
      )
      for (const prefix of ['192.0.2.0/24', '203.0.113.0/24', '198.18.0.0/15']) {
        await network.writeConflist({ nonMasqueradeCIDRs: [prefix] })
        await until(async () => (await exempt()).includes(prefix))
      }
      return { child, exit, log }
    }

    test('goes on, and writes its log once somebody reads it', async () => {
      const { child, exit, log } = await start()
      const reader = node.start('cat', log)
      let text = ''
      reader.stdout?.on('data', (bytes) => {
        text += bytes
      })
      await until(async () => text.includes('watching'))
      const before = text.length
      await network.writeConflist({ nonMasqueradeCIDRs: ['10.0.0.0/8'] })
      await until(async () => text.slice(before).includes('changed'))
      child.kill('SIGTERM')
      expect(await exit).toBe(0)
    })

    test('ends when it is asked to', async () => {
      const { child, exit } = await start()
      child.kill('SIGTERM')
      // Node would wait for its thread for ever.
      expect(await exit).toBe(artefact === 'native' ? 0 : 'SIGKILL')
    })
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s', async (signal) => {
    const { child, exit } = await startWatch(node, network)
    child.kill(signal)
    expect(await exit).toBe(0)
    expect(await podAddresses(node)).toEqual(['10.244.1.7'])
  })
})
