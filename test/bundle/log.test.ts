import { chown, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, EXECUTABLES, PREFIX } from '../lab/plugin'

/** The log of calls, as the system has a part in it. Whatever becomes of the log, the call goes on. */

let node: Namespace
let directory: string
let logFile: string
beforeEach(async () => {
  node = await createNamespace('log')
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-log-'))
  logFile = join(directory, 'ip-masq.log')
})
afterEach(async () => {
  await node.delete()
  await rm(directory, { recursive: true })
})

describe.each(Object.entries(EXECUTABLES))('the log (%s)', (_, executable) => {
  const call = (command: string, before = '', containerID = 'c1') => {
    const config = configWith(['10.244.1.7/24'], { logFile })
    return callPlugin(node, command, { executable, config, before, containerID })
  }

  /** Of an ADD and a DEL, of which each says on stderr why it could not log. */
  const warns = async (reason: string, before = '') => {
    const stderr = `${PREFIX}Cannot log to ${logFile}: ${reason}`
    expect(await call('ADD', before)).toMatchObject({ status: 0, stderr })
    expect(await call('DEL', before)).toMatchObject({ status: 0, stdout: '', stderr })
  }

  test('has a line for an ADD, and for one that is refused', async () => {
    expect(await call('ADD')).toMatchObject({ status: 0, stderr: '' })
    const config = configWith(['10.244.1.7/24'], { logFile, toPorts: '0' })
    expect(await callPlugin(node, 'ADD', { executable, config })).toMatchObject({
      status: 1,
      json: { code: 7 },
    })
    const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { verb: 'ADD', containerID: 'c1', ifname: 'eth0', network: 'cbr0', outcome: 'ok' },
      { verb: 'ADD', containerID: 'c1', ifname: 'eth0', network: 'cbr0', outcome: 'failed', code: 7 },
    ])
    expect((await stat(logFile)).mode & 0o7777).toBe(0o600)
  })

  test('has every line of calls that run at the same time', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `c${i}`)
    await Promise.all(names.map((name) => call('DEL', '', name)))
    const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).containerID).sort()).toEqual([...names].sort())
  })

  test('is no FIFO that nobody reads', async () => {
    await node.sh(`mkfifo ${logFile}`)
    await warns('it is a FIFO or a socket; name a file')
  })

  test('is no FIFO that is read', async () => {
    await node.sh(`mkfifo ${logFile}`)
    await warns('it is not a regular file', `exec 7<>${logFile}`)
  })

  test('is no directory, and no device', async () => {
    await node.sh(`mkdir ${logFile}`)
    await warns('it is a directory; name a file')
    await node.sh(`rmdir ${logFile}; mknod ${logFile} c 1 3`)
    await warns('it is not a regular file')
  })

  test('is no file of another user', async () => {
    await node.sh(`: > ${logFile}`)
    await chown(logFile, 65534, 65534)
    await warns('it belongs to user 65534')
    expect(await readFile(logFile, 'utf8')).toBe('')
  })

  test('may be on a disk that is full', async () => {
    const full = `mount -t tmpfs -o size=4096 none ${directory}; head -c 4096 /dev/zero > ${directory}/x; : > ${logFile}`
    await warns('the disk is full; make room', full)
  })

  test('may be on a disk that has room for half a line', async () => {
    const full = `mount -t tmpfs -o size=4096 none ${directory}; head -c 4095 /dev/zero > ${logFile}`
    const { status, stderr } = await call('ADD', full)
    expect(status).toBe(0)
    expect(stderr).toMatch(/^ip-masq [^ ]+: Cannot log to [^ ]+: only 1 of \d{3} bytes were written$/)
  })
})
