import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { version } from '../../package.json'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { EXECUTABLES } from '../lab/plugin'
import { until } from '../lab/watch'

/** Metrics of real rules: printed, in a file, and at the ports of a watch. */

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

/** Which kinds of iptables there are besides is the machine's. */
const withoutIptables = (text: string) =>
  text
    .split('\n')
    .filter((line) => !line.includes('place="iptables'))
    .join('\n')

const samplesOf = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

const sampleOf = (text: string, name: string) => samplesOf(text).find((line) => line.startsWith(`${name} `))

/** Two pods with rules, one whose rules were lost, and a list of two prefixes. */
async function threePods() {
  await network.writeConflist({ nonMasqueradeCIDRs: ['10.0.0.0/8', '203.0.113.0/24'] })
  await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
  await network.add('b', ['10.244.1.8/24'])
  await network.cache('c', ['10.244.1.9/24'])
}

const ofThreePods = (
  more: string,
) => `# HELP ip_masq_build_info Always 1. The label has the version of the ip-masq that answers.
# TYPE ip_masq_build_info gauge
ip_masq_build_info{version="${version}"} 1
# HELP ip_masq_attachments Attachments that have rules, by their network and by the place of the rules.
# TYPE ip_masq_attachments gauge
ip_masq_attachments{network="cbr0",place="nftables"} 2
# HELP ip_masq_policies Policies: sets of rules that attachments share.
# TYPE ip_masq_policies gauge
ip_masq_policies{place="nftables"} 2
# HELP ip_masq_exempt_ranges Ranges of destination addresses that see the address of the pod, in all policies together. Neighbouring prefixes are one range.
# TYPE ip_masq_exempt_ranges gauge
ip_masq_exempt_ranges{place="nftables",family="ipv4"} 10
ip_masq_exempt_ranges{place="nftables",family="ipv6"} 5
# HELP ip_masq_unowned_addresses Addresses that have a rule and no owner, so that no DEL removes the rule.
# TYPE ip_masq_unowned_addresses gauge
ip_masq_unowned_addresses{place="nftables"} 0
# HELP ip_masq_unseen_places Places (nftables, iptables) that could not be read. The other metrics may count too little because of them.
# TYPE ip_masq_unseen_places gauge
ip_masq_unseen_places 0
# HELP ip_masq_drift Differences between the rules and what the conflists and the result caches ask for, as the last sync or this command found them. A watch has repaired them since.
# TYPE ip_masq_drift gauge
ip_masq_drift{kind="missing"} 1
ip_masq_drift{kind="altered"} 0
ip_masq_drift{kind="stale"} 0
ip_masq_drift{kind="shared"} 0
${more}`

describe.each(Object.entries(EXECUTABLES))('ip-masq metrics (%s)', (_, executable) => {
  const metrics = (options = '', prefix = '') => {
    const directories = `--conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`
    const line = `exec ${prefix} ${executable} metrics ${directories} ${options}`
    return execa('ip', ['netns', 'exec', node.name, 'bash', '-c', line], { reject: false })
  }

  test('of a node without a table', async () => {
    const { exitCode, stdout, stderr } = await metrics()
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(samplesOf(stdout)).toContain('ip_masq_attachments{network="cbr0",place="nftables"} 0')
    expect(await node.sh('nft list tables')).toBe('')
  })

  test('of a node whose cache is not there says nothing of drift', async () => {
    await network.add('a', ['10.244.1.7/24'])
    await rm(join(network.cacheDir, 'results'), { recursive: true })
    const { exitCode, stdout, stderr } = await metrics()
    expect(exitCode).toBe(1)
    expect(stderr.split('\n')).toContain(
      `there is no result cache ${network.cacheDir}/results; check --cache-dir`,
    )
    expect(stdout).toContain('ip_masq_attachments{network="cbr0",place="nftables"} 1')
    expect(stdout).not.toContain('ip_masq_drift')
  })

  test('of three pods', async () => {
    await threePods()
    const { exitCode, stdout, stderr } = await metrics()
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(withoutIptables(`${stdout}\n`)).toBe(ofThreePods(''))
  })

  test('in a file that others may read, whole, and without what was in its place', async () => {
    await threePods()
    const [directory, elsewhere] = [join(network.cacheDir, 'out'), join(network.cacheDir, 'elsewhere')]
    await mkdir(directory)
    await writeFile(elsewhere, 'mine')
    const file = join(directory, 'ip-masq.prom')
    // Another user may own the directory.
    await symlink(elsewhere, file)
    expect(await metrics(`--out ${file}`)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expect(withoutIptables(await readFile(file, 'utf8'))).toBe(ofThreePods(''))
    expect((await stat(file)).mode & 0o7777).toBe(0o644)
    expect(await readdir(directory)).toEqual(['ip-masq.prom'])
    expect(await readFile(elsewhere, 'utf8')).toBe('mine')
  })

  test('says which file it could not write', async () => {
    const { exitCode, stderr } = await metrics(`--out ${network.cacheDir}/none/x.prom`)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`${network.cacheDir}/none`)
    expect((await metrics('--out /none-of-this-name/x.prom')).stderr).toBe(
      'Cannot open /none-of-this-name: there is no such file or directory',
    )
  })

  test('puts no file in the place of a device, of a link to one, or of a directory', async () => {
    const at = (name: string) => join(network.cacheDir, name)
    await node.sh(`mknod ${at('null')} c 1 3; ln -s /proc/self/fd/1 ${at('stdout')}; mkdir ${at('dir')}
      ln -s null ${at('link')}; mkfifo ${at('fifo')}`)
    const kinds = () =>
      node.sh(`stat -c '%n %F' ${['null', 'stdout', 'link', 'fifo', 'dir'].map(at).join(' ')}`)
    const before = await kinds()
    for (const name of ['null', 'stdout', 'link', 'fifo'])
      expect(await metrics(`--out ${at(name)}`)).toMatchObject({
        exitCode: 1,
        stderr: `Cannot replace ${at(name)}: it is not a regular file: write the name of a file, or leave --out away to print on stdout`,
      })
    expect(await metrics(`--out ${at('dir')}`)).toMatchObject({
      exitCode: 1,
      stderr: `Cannot replace ${at('dir')}: it is a directory: write the name of a file in it`,
    })
    expect(await kinds()).toBe(before)
  })

  test('counts the calls in the log', async () => {
    const logFile = join(network.cacheDir, 'ip-masq.log')
    await network.writeConflist({ logFile })
    await network.add('a', ['10.244.1.7/24'])
    await network.del('a')
    await writeFile(logFile, '{"verb":"ADD","durationMs":1,"code":7}\n', { flag: 'a' })
    const { stdout } = await metrics()
    expect(sampleOf(stdout, 'ip_masq_cni_call_duration_seconds_count{verb="ADD"}')).toMatch(/ 2$/)
    expect(sampleOf(stdout, 'ip_masq_cni_call_duration_seconds_count{verb="DEL"}')).toMatch(/ 1$/)
    expect(sampleOf(stdout, 'ip_masq_cni_failures_total{code="7"}')).toMatch(/ 1$/)
    expect(sampleOf(stdout, 'ip_masq_cni_failures_total{code="11"}')).toMatch(/ 0$/)
  })

  test('says which log it could not read', async () => {
    const logFile = join(network.cacheDir, 'ip-masq.log')
    await network.writeConflist({ logFile })
    await mkdir(logFile)
    const { exitCode, stderr, stdout } = await metrics()
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `Cannot count the calls in ${logFile}: ${logFile} is not a regular file`,
    })
    expect(stdout).toContain('ip_masq_build_info')
  })

  test('of a kernel that it may not ask', async () => {
    const { exitCode, stdout, stderr } = await metrics(
      '',
      'setpriv --bounding-set=-net_admin --inh-caps=-net_admin',
    )
    expect(stderr).not.toBe('')
    expect(exitCode).toBe(1)
    expect(sampleOf(stdout, 'ip_masq_unseen_places')).not.toBe('ip_masq_unseen_places 0')
  })
})

describe.each(Object.entries(EXECUTABLES))('/metrics of a watch (%s)', (_, executable) => {
  const get = (port: number, path = '/metrics', method = 'GET', host = '127.0.0.1') =>
    node
      .sh(`exec 3<>/dev/tcp/${host}/${port}; printf '${method} ${path} HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3`)
      .catch(() => '')

  const start = (options: string) =>
    node.start(
      'bash',
      '-c',
      `exec ${executable} sync --watch --interval 2s --conf-dir ${network.confDir} \\
        --cache-dir ${network.cacheDir} ${options} >${network.cacheDir}/out 2>${network.cacheDir}/err`,
    )

  test('counts what it does', async () => {
    await network.add('a', ['10.244.1.7/24'])
    start('--health-port 10298 --metrics-address 127.0.0.1:10299')
    const counted = async (sample: string) => (await get(10299)).includes(`\n${sample}\n`)
    await until(() => counted('ip_masq_ready{loop="sync"} 1'))
    expect(await counted('ip_masq_sync_changes_total{change="restored"} 0')).toBe(true)
    await node.sh('nft flush ruleset')
    await until(() => counted('ip_masq_sync_changes_total{change="restored"} 1'))
    const text = await get(10299)
    expect(text.split('\r\n').slice(0, 2)).toEqual([
      'HTTP/1.1 200 OK',
      'content-type: text/plain; version=0.0.4; charset=utf-8',
    ])
    const [, time] = /\nip_masq_last_successful_sync_timestamp_seconds ([\d.]+)\n/.exec(text) ?? []
    expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(600)
    expect(text).toContain('\nip_masq_attachments{network="cbr0",place="nftables"} 1\n')
    // The probes and the metrics are at the health port; at the other address are the metrics alone.
    expect(await get(10298)).toMatch(/^HTTP\/1\.1 200 [\s\S]*ip_masq_build_info/)
    expect(await get(10298, '/readyz')).toMatch(/^HTTP\/1\.1 200 /)
    expect(await get(10299, '/readyz')).toMatch(/^HTTP\/1\.1 404 [\s\S]*ask for \/metrics$/)
    expect(await get(10299, '/metrics', 'POST')).toMatch(/^HTTP\/1\.1 404 /)
    expect((await get(10299, '/metrics', 'HEAD')).split('\r\n').at(-1)).toBe('connection: close')
  })

  test('is at IPv6 addresses too, and says where it cannot be', async () => {
    start('--metrics-address [::1]:10299')
    await until(async () => (await get(10299, '/metrics', 'GET', '::1')).startsWith('HTTP/1.1 200 '))
    start('--metrics-address [::1]:10299')
    await until(async () =>
      (await readFile(join(network.cacheDir, 'err'), 'utf8')).includes('Cannot listen on [::1]:10299: '),
    )
    expect(await readFile(join(network.cacheDir, 'err'), 'utf8')).toContain('use another --metrics-address')
  })

  test('is nowhere unless it was asked for', async () => {
    start('')
    const out = join(network.cacheDir, 'out')
    await until(async () => (await readFile(out, 'utf8').catch(() => '')).includes('nothing to do'))
    expect(await node.sh('ss -Hltn')).toBe('')
  })

  test('counts failures by their code', async () => {
    await network.add('a', ['10.244.1.7/24'])
    start('--metrics-address 127.0.0.1:10299')
    await until(async () => (await get(10299)).includes('\nip_masq_ready{loop="sync"} 1\n'))
    await network.writeConflist({ nonMasqueradeCIDRs: ['10/8'] })
    await until(async () => (await get(10299)).includes('\nip_masq_ready{loop="sync"} 0\n'))
    expect(await get(10299)).toMatch(/\nip_masq_sync_failures_total\{code="101"\} [1-9]/)
  })

  test('counts the calls that were logged after its start', async () => {
    await network.writeConflist({ logFile: join(network.cacheDir, 'ip-masq.log') })
    await network.add('a', ['10.244.1.7/24'])
    start('--metrics-address 127.0.0.1:10299')
    await until(async () => (await get(10299)).includes('\nip_masq_ready{loop="sync"} 1\n'))
    await network.add('b', ['10.244.1.8/24'])
    const adds = 'ip_masq_cni_call_duration_seconds_count{verb="ADD"}'
    await until(async () => (await get(10299)).includes(`\n${adds} 1\n`))
  })

  test('its log is an object in each line, if that is wanted', async () => {
    await network.add('a', ['10.244.1.7/24'])
    start('--log-format json')
    const lines = async (file: string) =>
      (await readFile(join(network.cacheDir, file), 'utf8').catch(() => ''))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    await until(async () => (await lines('out')).length > 0)
    await node.sh('nft flush ruleset')
    await until(async () => (await lines('out')).length >= 4)
    const [{ time }, ...rest] = await lines('out')
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const attachment = { network: 'cbr0', containerID: 'a', ifname: 'eth0', pod: 'shop/a' }
    expect(rest.at(-2)).toEqual({
      ...{ time: expect.any(String), level: 'info', event: 'restored', ...attachment },
      addresses: ['10.244.1.7'],
      msg: 'restored shop/a (a eth0, network cbr0): 10.244.1.7',
    })
    expect(rest.at(-1)).toMatchObject({
      level: 'info',
      event: 'synced',
      found: 1,
      msg: '1 attachment, 1 changed',
    })
    await network.writeConflist({ nonMasqueradeCIDRs: ['10/8'] })
    await until(async () =>
      (await lines('out')).some(({ level, event }) => level === 'error' && event === 'error'),
    )
    expect(await lines('err')).toEqual([
      {
        ...{ time: expect.any(String), level: 'info' },
        msg: `ip-masq ${version}: watching ${network.confDir} and the rules, every 2 s at the latest`,
      },
    ])
  })
})
