import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { EXECUTABLES } from '../lab/plugin'
import { podAddresses } from '../lab/table'
import { until } from '../lab/watch'

/** Everybody on the node can connect to the health port. Whatever they do, rules are kept. */

const PORT = 10298
const PATIENCE_MS = 30_000

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('health')
  network = await createCachedNetwork(node)
  await network.add('a', ['10.244.1.7/24'])
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

/** What a process writes, as it comes. */
function follow(command: string) {
  const child = node.start('bash', '-c', `exec ${command} 2>&1`)
  const output = { text: '' }
  child.stdout?.on('data', (bytes) => {
    output.text += bytes
  })
  return { child, output }
}

const script = (source: string) => follow(`${process.execPath} -e '${source}'`)

function startWatch(executable: string) {
  const directories = `--conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`
  return follow(`${executable} sync --watch --interval 2s --health-port ${PORT} ${directories}`)
}

/** Sends the bytes, and gives what comes back until the server closes the connection. */
const send = (bytes: string) =>
  node.sh(`exec 3<>/dev/tcp/127.0.0.1/${PORT}; printf '${bytes}' >&3; cat <&3`).catch(() => '')

const isAlive = async () =>
  (await send('GET /livez HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')).startsWith('HTTP/1.1 200 OK\r\n')

const restores = async () => {
  await node.sh('nft flush ruleset')
  await until(async () => (await podAddresses(node)).length === 1, PATIENCE_MS)
}

const openFiles = (pid: number | undefined) => node.sh(`ls /proc/${pid}/fd | wc -l`).then(Number)

describe.each(Object.entries(EXECUTABLES))('the health port (%s)', (_, executable) => {
  test('survives 1,500 half-open requests', async () => {
    const { child } = startWatch(executable)
    await until(isAlive, PATIENCE_MS)
    const before = await openFiles(child.pid)
    const attack = script(`
      let open = 0
      for (let i = 0; i < 1500; i++)
        require("net").connect(${PORT}, "127.0.0.1", function () {
          this.write("GET /li")
          if (++open === 1500) console.log("all connected")
        }).on("error", () => {})
      setInterval(() => {}, 1000)`)
    await until(async () => attack.output.text.includes('all connected'), PATIENCE_MS)
    // The oldest connections make room: a probe is answered, and no file is lacking.
    expect(await isAlive()).toBe(true)
    // With some for the tools that a run starts.
    expect((await openFiles(child.pid)) - before).toBeLessThan(64)
    await restores()
    expect(child.exitCode).toBeNull()
  })

  test('is not ready where rules could not be restored, for want of a result cache', async () => {
    await rm(join(network.cacheDir, 'results'), { recursive: true })
    startWatch(executable)
    await until(isAlive, PATIENCE_MS)
    const ready = await send('GET /readyz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
    expect(ready).toMatch(/^HTTP\/1\.1 503 /)
    expect(ready).toContain(
      'there is no result cache, so lost rules cannot be restored; name it with --cache-dir',
    )
  })

  test('closes a connection whose request never ends', async () => {
    startWatch(executable)
    await until(isAlive, PATIENCE_MS)
    const drip = script(`
      const socket = require("net").connect(${PORT}, "127.0.0.1")
      const timer = setInterval(() => socket.write("G"), 200)
      socket.on("error", () => {}).on("close", () => { clearInterval(timer); console.log("closed") })`)
    await until(async () => drip.output.text.includes('closed'), PATIENCE_MS)
  })

  test('reads no more than it must', async () => {
    startWatch(executable)
    await until(isAlive, PATIENCE_MS)
    const long = `GET /livez HTTP/1.1\\r\\nX: ${'x'.repeat(9000)}\\r\\n\\r\\n`
    expect(await send(long)).toMatch(/^HTTP\/1\.1 431 /)
    expect(await send('anything\\r\\n\\r\\n')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await send('POST /livez HTTP/1.1\\r\\nContent-Length: 9\\r\\n\\r\\n')).toMatch(/^HTTP\/1\.1 404 /)
    const head = await send('HEAD /livez HTTP/1.1\\r\\n\\r\\n')
    expect(head.split('\r\n').at(0)).toBe('HTTP/1.1 200 OK')
    expect(head.split('\r\n').at(-1)).toBe('connection: close')
  })

  test('is tried again when another process has it, and rules are kept meanwhile', async () => {
    const holder = script(
      `require("net").createServer().listen(${PORT}, "127.0.0.1", () => console.log("has it"))`,
    )
    await until(async () => holder.output.text.includes('has it'), PATIENCE_MS)
    const { output } = startWatch(executable)
    await until(async () => output.text.includes(`Cannot listen on 127.0.0.1:${PORT}: `), PATIENCE_MS)
    await restores()
    holder.child.kill('SIGKILL')
    await until(isAlive, PATIENCE_MS)
    await until(async () => output.text.includes(`Listening on 127.0.0.1:${PORT} now\n`), PATIENCE_MS)
    expect(output.text.split('Cannot listen')).toHaveLength(2)
  })
})
