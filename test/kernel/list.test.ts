import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { EXECUTABLES, runCommand } from '../lab/plugin'

/** `ip-masq list` where rules are in several places, or may not be looked at. The shared suite has all that is in one place. */

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('list')
  network = await createCachedNetwork(node)
  await network.add('a', ['10.244.1.1/24'], node.path)
})
afterEach(async () => {
  await node.delete()
  await network.delete()
})

const cells = (lines: readonly string[]) => lines.slice(1).map((line) => line.split(/ {2,}/))

/** With other rights than root's. */
const listAs = (rights: string) => {
  const directories = `--conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`
  return network.command('list', {
    before: `exec setpriv ${rights} ${EXECUTABLES.native} list ${directories}`,
  })
}

test('rules in two places: a row for each, and both say so', async () => {
  await network.writeConflist({ backend: 'iptables' })
  await network.add('a', ['10.244.1.1/24'], node.path)
  const { status, lines } = await network.command('list')
  expect(status).toBe(0)
  const names = ['shop/a', '10.244.1.1', 'cbr0', 'eth0', 'a']
  const policy = expect.stringMatching(/^masquerade-[0-9a-f]{4}$/)
  expect(cells(lines)).toEqual([
    [...names, 'nftables', policy, 'rules in iptables-nft too; the conflist asks for iptables'],
    [...names, 'iptables-nft', policy, 'rules in nftables too'],
  ])
})

test('a node without pods may have no directories; those that somebody named are missed', async () => {
  const empty = await createNamespace('empty')
  try {
    const list = (options: string) => runCommand(empty, `list ${options}`)
    expect(await list(`--conf-dir ${network.confDir}`)).toMatchObject({ status: 0, stderr: '' })
    expect(await list(`--conf-dir ${network.confDir} --cache-dir /nowhere`)).toMatchObject({
      status: 1,
      stdout: 'No attachment has rules here; looked in nftables and iptables-nft',
      stderr: 'there is no result cache /nowhere/results; check --cache-dir',
    })
    expect(await list('--conf-dir /etc/passwd')).toMatchObject({
      status: 1,
      stderr: 'there is no directory /etc/passwd; name the right directory with --conf-dir or --profile',
    })
    expect(await list('--conf-dir /nowhere')).toMatchObject({
      status: 1,
      stderr: 'there is no directory /nowhere; name the right directory with --conf-dir or --profile',
    })
  } finally {
    await empty.delete()
  }
})

test('rules that "auto" put into iptables while nft was not there, and that sync moves', async () => {
  await network.del('a')
  await node.sh('nft flush ruleset')
  await network.writeConflist({ carrier: 'nft' })
  await network.add('a', ['10.244.1.1/24'], node.path, 'mount --bind /dev/null /usr/sbin/nft')
  const odd = async () => cells((await network.command('list')).lines).map((row) => [row[5], row.at(-1)])
  expect(await odd()).toEqual([['iptables-nft', 'nftables works here by now: ip-masq sync moves the rules']])
  await network.command('sync')
  expect(await odd()).toEqual([['nftables', '-']])
})

test('an address with a rule and no owner', async () => {
  await node.sh('nft delete element inet ip-masq owners { ::ffff:10.244.1.1 }')
  const { status, lines } = await network.command('list')
  expect(status).toBe(0)
  expect(cells(lines).map((row) => [row[0], row[1], row.at(-1)])).toEqual([
    ['shop/a', '10.244.1.1', 'no rules: ip-masq sync installs them'],
    ['-', '10.244.1.1', 'no owner: ip-masq sync mends it, or says how'],
  ])
})

test('a place that may not be looked at is named, and the others are listed', async () => {
  await node.sh('iptables-legacy -t nat -N X')
  const { status, lines, stderr } = await listAs('--bounding-set=-net_raw --inh-caps=-net_raw')
  expect(status).toBe(1)
  expect(cells(lines).map((row) => row[0])).toEqual(['shop/a'])
  expect(stderr).toMatch(/^Cannot read the rules: CAP_NET_RAW is missing; .*\(legacy\)/)
})

test('without root: one line', async () => {
  // The checkout may not be readable for others.
  await node.sh(
    `cp ${EXECUTABLES.native} ${network.cacheDir}/ip-masq; chmod 755 ${network.cacheDir} ${network.cacheDir}/..`,
  )
  const before = `exec setpriv --reuid=65534 --regid=65534 --clear-groups ${network.cacheDir}/ip-masq list`
  expect(await network.command('list', { before })).toMatchObject({
    status: 1,
    stdout: '',
    stderr: 'Cannot run ip-masq list as user 65534: it reads firewall rules; run it as root',
  })
})
