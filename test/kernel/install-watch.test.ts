import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { version } from '../../package.json'
import { createInstallSite, type InstallSite } from '../lab/install-site'
import type { Namespace } from '../lab/namespace'
import { pause } from '../lab/patience'
import { configWith, EXECUTABLES, runCommand, succeed } from '../lab/plugin'
import { podAddresses } from '../lab/table'
import { until } from '../lab/watch'

/** `ip-masq install` that stays, as a DaemonSet runs it, in directories of its own. */

let site: InstallSite
let node: Namespace
let [directory, binDir, confDir, cacheDir] = ['', '', '', '']
beforeEach(async () => {
  site = await createInstallSite('install-watch')
  ;({ node, directory, binDir, confDir, cacheDir } = site)
})
afterEach(() => site.delete())

const CONFLIST = `{ "cniVersion": "1.0.0", "name": "pods", "plugins": [{ "type": "bridge" }, { "type": "portmap" }] }\n`
const read = () => readFile(join(confDir, '10-pods.conflist'), 'utf8')
const write = (text = CONFLIST) => writeFile(join(confDir, '10-pods.conflist'), text)
const plugins = async () => JSON.parse(await read()).plugins
const typesIn = async () => (await plugins()).map(({ type }: { type: string }) => type)
const isIn = async () => (await read()).includes('ip-masq')

/** With all that it says in one file. */
function start(options = '') {
  const log = join(directory, 'log')
  const caches = options.includes('--sync') ? `--cache-dir ${cacheDir}` : ''
  const line = `install --bin-dir ${binDir} --conf-dir ${confDir} ${caches} --watch ${options}`
  const child = node.start('bash', '-c', `exec ${EXECUTABLES.native} ${line} > ${log} 2>&1`)
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const said = () => readFile(log, 'utf8').catch(() => '')
  return { child, exit, said }
}

const PORT = 10298

/** Status and text of a GET from the node itself. */
async function ask(path: string): Promise<{ status: number; lines: string[] }> {
  const reply = await node.sh(
    `exec 3<>/dev/tcp/127.0.0.1/${PORT}; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`,
  )
  const [head = '', text = ''] = reply.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), lines: text.split('\n') }
}

describe('install --watch', () => {
  test('installs again when the primary plugin writes its conflist anew, and ends with 0', async () => {
    await write()
    const { child, exit } = start()
    await until(isIn)
    await pause(500)
    await writeFile(join(confDir, 'new'), CONFLIST.replace('portmap', 'tuning'))
    await rename(join(confDir, 'new'), join(confDir, '10-pods.conflist'))
    await until(isIn)
    expect(await typesIn()).toEqual(['bridge', 'tuning', 'ip-masq'])
    child.kill('SIGTERM')
    expect(await exit).toBe(0)
    expect(await typesIn()).toContain('ip-masq')
  })

  test('says so when somebody takes it out each time, and lets some time pass', async () => {
    await write()
    const { said } = start(`--health-port ${PORT}`)
    // How long it takes to notice a fight depends on how often it gets its turn, so this waits for what it says.
    const isSaid = async () =>
      /another program takes ip-masq out of .* again and again: waiting \d+ s/.test(await said())
    await until(async () => {
      if (await isIn()) await write()
      return isSaid()
    }, 50_000)
    // It is not there now.
    expect(await ask('/readyz')).toMatchObject({ status: 503 })
  })

  test.each([
    ['containerd', 'results'],
    ['Multus', 'multus/results'],
    ['a second --cache-dir', '../other/results'],
  ])('--sync restores lost rules in the same process, by the cache of %s', async (_, place) => {
    await write()
    start(`--sync --prune --cache-dir ${directory}/other`)
    await until(isIn)
    const conflist = JSON.parse(await read())
    const config = Buffer.from(JSON.stringify(conflist)).toString('base64')
    await succeed(node, 'ADD', { containerID: 'a', config: { ...configWith(), name: 'pods' } })
    const entry = {
      kind: 'cniCacheV1',
      containerId: 'a',
      ifName: 'eth0',
      networkName: 'pods',
      config,
      result: configWith().prevResult,
    }
    await mkdir(join(cacheDir, place), { recursive: true })
    await writeFile(join(cacheDir, place, 'pods-a-eth0'), JSON.stringify(entry))
    // Looks at what stands every 1.5 s; only what it has seen can be lost.
    await pause(4000)
    await node.sh('nft flush ruleset')
    await until(async () => (await podAddresses(node)).length === 1)
  })

  test('stays where there is no network yet, says so once, and installs when there is one', async () => {
    const { said, child, exit } = start()
    const line = `Cannot install: there is no network in ${confDir} yet; the primary plugin creates it; use --wait to wait for it, or name another directory with --conf-dir`
    await until(async () => (await said()).includes(line))
    // A second try, after 5 s.
    await pause(6_000)
    await write()
    await until(isIn)
    child.kill('SIGTERM')
    expect(await exit).toBe(0)
    expect((await said()).split(line)).toHaveLength(2)
    expect((await said()).split('\n')[0]).toBe(`ip-masq ${version}: watching ${confDir}`)
  })

  test('is ready again when what it missed comes back as it was', async () => {
    await write()
    start(`--health-port ${PORT}`)
    await until(async () => (await ask('/readyz').catch(() => undefined))?.status === 200)
    const [there, away] = [join(confDir, '10-pods.conflist'), join(directory, 'away')]
    await rename(there, away)
    await until(async () => (await ask('/readyz')).status === 503)
    await rename(away, there)
    await until(async () => (await ask('/readyz')).status === 200)
  })

  test('its own config may change often: that is no fight', async () => {
    await write()
    const config = join(directory, 'config.json')
    const change = (i: number) => writeFile(config, `{ "nonMasqueradeCIDRs": ["10.${i}.0.0/16"] }`)
    await change(0)
    const { said } = start(`--config ${config}`)
    for (let i = 1; i < 7; i++) {
      await change(i)
      await until(async () => (await read()).includes(`10.${i}.0.0/16`))
    }
    expect(await said()).not.toContain('again and again')
  })

  test('follows its config, a link that is moved as in a ConfigMap, and keeps what was right', async () => {
    await write()
    const volume = join(directory, 'volume')
    const publish = async (name: string, text: string) => {
      await mkdir(join(volume, name), { recursive: true })
      await writeFile(join(volume, name, 'config.json'), text)
      await symlink(name, join(volume, 'new'))
      await rename(join(volume, 'new'), join(volume, '..data'))
    }
    await publish('one', '{ "nonMasqueradeCIDRs": ["10.0.0.0/8"] }')
    await symlink('..data/config.json', join(volume, 'config.json'))
    const { said } = start(`--config ${volume}/config.json`)
    const ours = async () => (await plugins()).at(-1)
    await until(isIn)
    expect(await ours()).toEqual({ type: 'ip-masq', nonMasqueradeCIDRs: ['10.0.0.0/8'] })
    await publish('two', '{ "nonMasqueradeCIDRs": ["10.0.0.0/9"] }')
    await until(async () => JSON.stringify(await ours()).includes('/9'))
    await publish('three', '{ "nonMasqueradeCIDRs": ["10.1/8"] }')
    await until(async () => (await said()).includes('10.1/8'))
    expect(await said()).toContain(
      `Cannot use ${volume}/config.json: Cannot use nonMasqueradeCIDRs[0] "10.1/8": write all four octets`,
    )
    expect(await ours()).toEqual({ type: 'ip-masq', nonMasqueradeCIDRs: ['10.0.0.0/9'] })
  })
})

describe('--health-port', () => {
  test('is ready when what was to be done is done, and says what is not', async () => {
    const { child, exit } = start(`--sync --health-port ${PORT}`)
    await until(async () => (await ask('/livez').catch(() => undefined))?.status === 200)
    await until(async () => (await ask('/readyz')).lines[1]?.startsWith('install: Cannot install') === true)
    expect((await ask('/readyz')).status).toBe(503)
    await write()
    await until(async () => (await ask('/readyz')).status === 200)
    const lines = [`ip-masq ${version}`, 'install: ok', 'sync: ok']
    expect(await ask('/readyz')).toEqual({ status: 200, lines })
    expect(await ask('/livez')).toEqual({ status: 200, lines })
    for (const path of ['/metric', '/'])
      expect(await ask(path)).toEqual({ status: 404, lines: ['ask for /livez, /readyz or /metrics'] })
    await write('{')
    await until(async () => (await ask('/readyz')).status === 503)
    child.kill('SIGTERM')
    expect(await exit).toBe(0)
  })

  test('of sync --watch', async () => {
    const line = `sync --watch --health-port ${PORT} --conf-dir ${confDir} --cache-dir ${cacheDir}`
    node.start(...(`${EXECUTABLES.native} ${line}`.split(' ') as [string])).stdout?.resume()
    await until(async () => (await ask('/readyz').catch(() => undefined))?.status === 200)
    expect((await ask('/readyz')).lines).toEqual([`ip-masq ${version}`, 'sync: ok'])
  })

  test.each([
    ['install --watch --health-port 0', 'Cannot use --health-port "0": write a port, 1 to 65535'],
    ['sync --health-port http', 'Cannot use --health-port "http": write a port, 1 to 65535'],
    ['gc --root host', 'Cannot use --root "host": write an absolute path, where the host\'s / is mounted'],
  ])('%s', async (line, said) => {
    expect(await runCommand(node, line)).toMatchObject({ status: 2, stderr: said })
  })
})

describe('--root', () => {
  /** The machine's own root, mounted a second time; with `submounts`, all that is mounted below it. */
  const mountHost = ({ submounts }: { submounts: boolean }) =>
    `mkdir ${directory}/host; mount --${submounts ? 'rbind' : 'bind'} / ${directory}/host`
  const line = (command: string) =>
    `${command} --root ${directory}/host --bin-dir ${binDir} --conf-dir ${confDir}`

  test('all is done in the directory; the config is that of the process', async () => {
    const config = join(directory, 'config.json')
    await writeFile(config, '{ "nonMasqueradeCIDRs": [] }')
    // The directories are empty outside of the root, and the config inside.
    const before = `${mountHost({ submounts: true })}
      mkdir ${directory}/outside; for d in ${binDir} ${confDir}; do mount --bind ${directory}/outside $d; done
      mount -t tmpfs none ${directory}/host${directory}/cni
      printf '%s' '${CONFLIST.trim()}' > ${directory}/host${confDir}/10-pods.conflist
      cd ${directory}`
    const reply = await runCommand(node, `${line('install')} --config config.json`, { before })
    expect(reply).toMatchObject({ status: 0, stderr: '' })
    expect(reply.lines.slice(0, 2)).toEqual([
      `installed ${binDir}/ip-masq`,
      `added ip-masq to ${confDir}/10-pods.conflist`,
    ])
    expect((await plugins()).at(-1)).toEqual({ type: 'ip-masq', nonMasqueradeCIDRs: [] })
    const again = mountHost({ submounts: true }).replace('mkdir', 'mkdir -p')
    const removed = await runCommand(node, `${line('uninstall')} --cache-dir ${cacheDir}`, { before: again })
    expect(removed).toMatchObject({ status: 0, stderr: '' })
    expect(await typesIn()).toEqual(['bridge', 'portmap'])
  })

  test.each([
    ['no directory', ':', "it is not a directory; mount the host's / there"],
    [
      'no /proc in it',
      () => mountHost({ submounts: false }),
      "it has no /proc; mount the host's / with all that is mounted below it (rbind)",
    ],
    [
      'no capability',
      () => `${mountHost({ submounts: true })}
        exec setpriv --bounding-set=-sys_chroot --inh-caps=-sys_chroot ${EXECUTABLES.native} ${line('install')}`,
      'chroot was refused; it needs CAP_SYS_CHROOT',
    ],
    [
      'the artefact for Node',
      () => `${mountHost({ submounts: true })}; exec ${EXECUTABLES.node} ${line('uninstall')}`,
      'only the native executable can; use dist/ip-masq',
    ],
  ])('%s', async (_, before, why) => {
    const reply = await runCommand(node, line('install'), {
      before: typeof before === 'string' ? before : before(),
    })
    expect(reply.status).toBe(1)
    expect(`${reply.stdout}${reply.stderr}`).toBe(`Cannot enter ${directory}/host: ${why}`)
  })
})
