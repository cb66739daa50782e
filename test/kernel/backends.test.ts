import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { over, overNft } from '../lab/carrier'
import { createNamespace, type Namespace } from '../lab/namespace'
import { pause } from '../lab/patience'
import { callPlugin, configWith, EXECUTABLES, type PluginCall, PREFIX, succeed } from '../lab/plugin'
import { podAddresses } from '../lab/table'
import { IPTABLES, WITHOUT_NFT, withOnly, without } from '../lab/tools'
import { until } from '../lab/watch'

/** Which place rules go to, that none stays behind in the other, and what that costs. */

overNft()

let node: Namespace
let tools: string
/** Stands before the tools in PATH, and notes what is started. */
let recorder: string
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), 'ip-masq-tools-'))
  recorder = join(tools, 'log')
  for (const tool of ['nft', ...IPTABLES]) {
    const script = `#!/bin/sh\necho ${tool} >> ${recorder}\necho "$@" >> ${recorder}-arguments\nexec /usr/sbin/${tool} "$@"\n`
    await writeFile(join(tools, tool), script, { mode: 0o755 })
  }
})
afterAll(() => rm(tools, { recursive: true }))
beforeEach(async () => {
  node = await createNamespace('backends')
})
afterEach(() => node.delete())

const pod = (backend?: string, call: PluginCall = {}): PluginCall => ({
  ...call,
  containerID: call.containerID ?? 'a',
  config: configWith(['10.244.1.7/24', 'fd00::7/64'], backend ? { backend } : {}),
})
const other = (backend?: string, call: PluginCall = {}): PluginCall => ({
  ...call,
  containerID: 'other',
  config: configWith(['10.244.1.8/24', 'fd00::8/64'], backend ? { backend } : {}),
})
const lost = (call: PluginCall = {}) => ({
  ...call,
  containerID: call.containerID ?? 'a',
  config: { cniVersion: '1.0.0', name: 'cbr0', type: 'ip-masq' },
})

const noNft: PluginCall = { before: WITHOUT_NFT }

const inIptables = async () => {
  const text = await node.sh(
    'for t in iptables-nft ip6tables-nft; do $t -t nat -S IPM-PODS 2>&1 || true; done',
  )
  return (text.match(/-s \S+/g) ?? []).map((source) => source.replace(/-s |\/\d+/g, '')).sort()
}
const inBoth = async () => [await podAddresses(node), await inIptables()]
const A = ['10.244.1.7', 'fd00::7']
const OTHER = ['10.244.1.8', 'fd00::8']

const toolsStarted = async (command: string, call: PluginCall) => {
  await writeFile(recorder, '')
  await succeed(node, command, { ...call, environment: { PATH: `${tools}:/usr/bin` } })
  return (await node.sh(`cat ${recorder}`)).split('\n').filter((line) => line !== '')
}

/** Its network namespace does not exist any more. */
const GONE = { CNI_NETNS: '/var/run/netns/ip-masq-gone' }

const QUIET = { status: 0, stdout: '', stderr: '' }

describe('auto', () => {
  test('is nftables where it works', async () => {
    await succeed(node, 'ADD', pod())
    expect(await inBoth()).toEqual([A, []])
  })

  test('is iptables where there is no nft, for ADD, CHECK, STATUS, GC and DEL', async () => {
    await succeed(node, 'ADD', pod(undefined, noNft))
    expect(await inIptables()).toEqual(A)
    expect(await callPlugin(node, 'CHECK', pod(undefined, noNft))).toMatchObject(QUIET)
    const config = { ...configWith(), cniVersion: '1.1.0' }
    expect(await callPlugin(node, 'STATUS', { ...noNft, config })).toMatchObject(QUIET)
    const keep = { ...config, 'cni.dev/valid-attachments': [{ containerID: 'a', ifname: 'eth0' }] }
    expect(await callPlugin(node, 'GC', { ...noNft, config: keep })).toMatchObject(QUIET)
    expect(await inIptables()).toEqual(A)
    expect(await callPlugin(node, 'DEL', pod(undefined, noNft))).toMatchObject(QUIET)
    expect(await inIptables()).toEqual([])
    expect(await callPlugin(node, 'DEL', lost(noNft))).toMatchObject(QUIET)
  })

  test('is iptables where nft is there and does not run', async () => {
    const broken = `printf '#!/bin/sh\\necho "nft: error while loading shared libraries: libnftables.so.1" >&2; exit 127\\n' > ${tools}/broken
      chmod 755 ${tools}/broken; mount --bind ${tools}/broken /usr/sbin/nft`
    await succeed(node, 'ADD', pod(undefined, { before: broken }))
    expect(await inBoth()).toEqual([[], A])
    expect(await callPlugin(node, 'DEL', lost({ before: broken }))).toMatchObject(QUIET)
    expect(await inBoth()).toEqual([[], []])
  })

  test('is iptables where nft is too old for our rules', async () => {
    const old = `printf '#!/bin/sh\\n[ "$1" = --version ] && echo "nftables v0.9.3" && exit\\ninput=$(cat)\\ncase $input in *owners*{*) echo "/dev/stdin:2:1-9: Error: syntax error, unexpected comment" >&2; exit 1;; esac\\nPATH=/bin:/usr/bin:/sbin:/usr/sbin; exec ${tools}/real <<EOF\\n$input\\nEOF\\n' > ${tools}/old
      chmod 755 ${tools}/old; cp /usr/sbin/nft ${tools}/real; sed -i 's,/real,/real -f -,' ${tools}/old; mount --bind ${tools}/old /usr/sbin/nft`
    await succeed(node, 'ADD', pod(undefined, { before: old }))
    expect(await inIptables()).toEqual(A)
    expect(await callPlugin(node, 'CHECK', pod(undefined, { before: old }))).toMatchObject(QUIET)
  })

  test('is iptables where the kernel has no NAT in the family inet, and a dry run knows', async () => {
    const script = `#!/bin/sh
input=$(cat)
case $input in *"type nat hook"*) echo "/dev/stdin:7:1-9: Error: Could not process rule: Operation not supported" >&2; exit 1;; esac
printf '%s\\n' "$input" | ${tools}/real-nft "$@"
`
    await writeFile(join(tools, 'without-nat'), script, { mode: 0o755 })
    const before = `cp /usr/sbin/nft ${tools}/real-nft; mount --bind ${tools}/without-nat /usr/sbin/nft`
    await succeed(node, 'ADD', pod(undefined, { before }))
    expect(await inBoth()).toEqual([[], A])
    const network = await createCachedNetwork(node)
    await network.writeConflist({})
    await network.cache('a', ['10.244.1.7/24', 'fd00::7/64'])
    for (const command of ['sync --dry-run', 'sync', 'sync --dry-run'])
      expect(await network.command(command, { before })).toMatchObject({
        status: 0,
        stdout: '1 attachment, nothing to do',
      })
    expect(await inBoth()).toEqual([[], A])
    await network.delete()
  })

  test('is iptables where nft refuses everything, and DEL finds it there', async () => {
    const before = `printf '#!/bin/sh\\necho "netlink: Error: of some sort" >&2; exit 1\\n' > ${tools}/refusing
      chmod 755 ${tools}/refusing; mount --bind ${tools}/refusing /usr/sbin/nft`
    await succeed(node, 'ADD', pod(undefined, { before }))
    expect(await inBoth()).toEqual([[], A])
    expect(await callPlugin(node, 'DEL', pod(undefined, { before }))).toMatchObject(QUIET)
    expect(await inBoth()).toEqual([[], []])
    expect(await callPlugin(node, 'DEL', lost({ before }))).toMatchObject({
      status: 0,
      stderr: `${PREFIX}DEL may have left rules behind: netlink: Error: of some sort`,
    })
    // No other verb or command is kept from iptables by it.
    for (const backend of [undefined, 'iptables']) {
      await succeed(node, 'ADD', pod(backend, { before }))
      expect(await callPlugin(node, 'CHECK', pod(backend, { before }))).toMatchObject(QUIET)
      const network = await createCachedNetwork(node)
      await network.writeConflist(backend ? { backend } : {})
      await network.cache('a', ['10.244.1.7/24', 'fd00::7/64'])
      expect(await network.command('sync', { before })).toMatchObject({
        status: 0,
        stdout: '1 attachment, nothing to do',
      })
      expect(await network.command('gc --grace 0', { before })).toMatchObject({
        status: 0,
        stdout: 'nothing to do',
      })
      await network.delete()
      const config = { ...configWith(), cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] }
      expect(await callPlugin(node, 'GC', { before, config })).toMatchObject(QUIET)
      expect(await inBoth()).toEqual([[], []])
    }
  })

  test('with neither says what each of them said', async () => {
    const before = without('nft', ...IPTABLES)
    const { json } = await callPlugin(node, 'ADD', pod(undefined, { before }))
    expect(json).toMatchObject({
      code: 5,
      msg: 'Cannot install the rules: nft could not be started; install nftables if it is missing; iptables cannot be used either',
      details: expect.stringMatching(
        /^nft: .*\/usr\/sbin\/nft: EACCES.*; iptables: .*\/usr\/sbin\/iptables-restore: EACCES/,
      ),
    })
    const config = { ...configWith(), cniVersion: '1.1.0' }
    expect((await callPlugin(node, 'STATUS', { before, config })).json).toMatchObject({
      code: 50,
      msg: expect.stringMatching(/nft cannot be started: .*; iptables-restore cannot be started: /),
    })
    // Nobody knows whether there are rules, and the address must be freed all the same.
    expect(await callPlugin(node, 'DEL', lost({ before }))).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(
        /^ip-masq [\d.]+: DEL may have left rules behind: .*nft: EACCES.*iptables/,
      ),
    })
  })

  test('"nftables" insists on it', async () => {
    expect(await callPlugin(node, 'ADD', pod('nftables', noNft))).toMatchObject({
      status: 1,
      json: { code: 5 },
    })
    const config = { ...configWith([], { backend: 'nftables' }), cniVersion: '1.1.0' }
    expect(await callPlugin(node, 'STATUS', { ...noNft, config })).toMatchObject({ json: { code: 50 } })
    expect(await inIptables()).toEqual([])
  })

  test('"iptables" insists on it', async () => {
    const before = without(...IPTABLES)
    expect(await callPlugin(node, 'ADD', pod('iptables', { before }))).toMatchObject({ json: { code: 5 } })
    const config = { ...configWith([], { backend: 'iptables' }), cniVersion: '1.1.0' }
    expect(await callPlugin(node, 'STATUS', { before, config })).toMatchObject({ json: { code: 50 } })
    expect(await podAddresses(node)).toEqual([])
  })

  test('ipMasqBackend is the same', async () => {
    const config = configWith(['10.244.1.7/24'], { ipMasqBackend: 'iptables' })
    await succeed(node, 'ADD', { containerID: 'a', config })
    expect(await inBoth()).toEqual([[], ['10.244.1.7']])
    expect(await callPlugin(node, 'CHECK', { containerID: 'a', config })).toMatchObject(QUIET)
    const both = configWith([], { backend: 'nftables', ipMasqBackend: 'iptables' })
    expect((await callPlugin(node, 'ADD', { config: both })).json).toMatchObject({
      code: 7,
      msg: 'Cannot use backend "nftables" together with ipMasqBackend "iptables": write one of them',
    })
  })
})

describe('what a call starts', () => {
  test('nft alone, where iptables was never used', async () => {
    await succeed(node, 'ADD', other())
    expect(await toolsStarted('ADD', pod())).toEqual(['nft'])
    expect(await toolsStarted('DEL', pod())).toEqual(['nft'])
    // Nothing is found by key: two more runs tell whether the table is one in which everything is.
    expect(await toolsStarted('DEL', lost())).toEqual(['nft', 'nft', 'nft'])
  })

  test('a sync does not look for our rules in iptables either', async () => {
    const network = await createCachedNetwork(node)
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    const log = `${recorder}-arguments`
    await writeFile(log, '')
    const { stdout } = await network.command('sync', { path: `${tools}:/usr/bin` })
    expect(stdout).toBe('1 attachment, nothing to do')
    // The primary plugin's rules are looked for there.
    const ours = (await node.sh(`cat ${log}`)).split('\n').filter((line) => line.includes('IPM-'))
    expect(ours).toEqual([])
    await network.delete()
  })

  test.each([
    ['the default kind', '', 'nft'],
    ['legacy', 'iptables-legacy -t mangle -N KUBE-IPTABLES-HINT', 'legacy'],
  ])(
    'one restore for each family, where iptables is asked for and the policy is there: %s',
    async (_, first, kind) => {
      await node.sh(first || 'true')
      await succeed(node, 'ADD', other('iptables'))
      const restores = [`iptables-${kind}-restore`, `ip6tables-${kind}-restore`]
      expect(await toolsStarted('ADD', pod('iptables'))).toEqual(restores)
      expect(await toolsStarted('DEL', pod('iptables'))).toEqual(restores)
      const ipv4 = configWith(['10.244.1.9/24'], { backend: 'iptables' })
      expect(await toolsStarted('ADD', { containerID: 'ipv4', config: ipv4 })).toEqual(restores.slice(0, 1))
      expect(await toolsStarted('DEL', { containerID: 'ipv4', config: ipv4 })).toEqual(restores.slice(0, 1))
    },
  )
})

describe('one kind of iptables alone', () => {
  const names = () => node.sh('cat /proc/net/ip_tables_names /proc/net/ip6_tables_names 2>/dev/null || true')

  test.each(['nft', 'legacy'] as const)('%s: ADD, CHECK, DEL and GC', async (kind) => {
    const before = withOnly(kind)
    await succeed(node, 'ADD', pod('iptables', { before }))
    expect(await callPlugin(node, 'CHECK', pod('iptables', { before }))).toMatchObject(QUIET)
    expect(await names()).toBe(kind === 'legacy' ? 'nat\nnat' : '')
    await succeed(node, 'DEL', lost({ before }))
    expect(await node.sh(`iptables-${kind} -t nat -S IPM-PODS`)).toBe('-N IPM-PODS')
  })

  test('legacy: nothing but an ADD makes its tables', async () => {
    const before = withOnly('legacy')
    for (const call of [pod(undefined, { before }), lost({ before })]) {
      expect(await callPlugin(node, 'DEL', call)).toMatchObject(QUIET)
    }
    const config = { ...configWith(), cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] }
    expect(await callPlugin(node, 'GC', { before, config })).toMatchObject(QUIET)
    await succeed(node, 'ADD', pod(undefined, { before }))
    expect(await callPlugin(node, 'CHECK', pod(undefined, { before }))).toMatchObject(QUIET)
    const network = await createCachedNetwork(node)
    expect(await network.command('sync', { before })).toMatchObject({ status: 0 })
    expect(await network.command('gc', { before })).toMatchObject({ status: 0 })
    await network.delete()
    expect(await names()).toBe('')
  })
})

describe('where both kinds of iptables are installed', () => {
  const legacyTables = () => node.sh('cat /proc/net/ip_tables_names 2>/dev/null || true')
  const inLegacy = () => node.sh('iptables-legacy -t nat -S | grep -c "^-A IPM-PODS" || true')

  test('no table of the other is made', async () => {
    await succeed(node, 'ADD', pod('iptables'))
    await succeed(node, 'CHECK', pod('iptables'))
    await succeed(node, 'DEL', pod('iptables'))
    await succeed(node, 'DEL', lost())
    expect(await legacyTables()).toBe('')
  })

  test('kubelet’s hint decides, and later calls follow', async () => {
    await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
    await succeed(node, 'ADD', pod('iptables'))
    expect(await inLegacy()).toBe('1')
    expect(await inIptables()).toEqual([])
    await node.sh('iptables-legacy -t mangle -X KUBE-IPTABLES-HINT')
    await succeed(node, 'ADD', other('iptables'))
    expect(await inLegacy()).toBe('2')
    expect(await callPlugin(node, 'CHECK', other('iptables'))).toMatchObject(QUIET)
    await succeed(node, 'DEL', other('iptables'))
    await succeed(node, 'DEL', lost())
    expect(await inLegacy()).toBe('0')
  })

  test('what legacy’s table says to others does not draw our rules there', async () => {
    await node.sh('iptables-legacy -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE')
    await succeed(node, 'ADD', pod('iptables'))
    expect([await inIptables(), await inLegacy()]).toEqual([A, '0'])
    await succeed(node, 'DEL', pod())
    expect(await inIptables()).toEqual([])
  })
})

describe.each(['nft', 'netlink'] as const)('over %s, a DEL finds its rules', (carrier) => {
  over(carrier)

  test.each([
    ['iptables', 'nftables'],
    ['iptables', undefined],
    ['nftables', 'iptables'],
  ])('of an ADD by %s, when the config says %s', async (before, after) => {
    await succeed(node, 'ADD', pod(before))
    await succeed(node, 'DEL', pod(after))
    expect(await inBoth()).toEqual([[], []])
  })

  test.each(['iptables', 'nftables'])('without prevResult: %s', async (backend) => {
    await succeed(node, 'ADD', pod(backend))
    expect(await callPlugin(node, 'DEL', lost())).toMatchObject(QUIET)
    expect(await inBoth()).toEqual([[], []])
    expect(await callPlugin(node, 'DEL', lost())).toMatchObject(QUIET)
  })

  test.each([
    ['nft', 'true'],
    ['legacy', 'iptables-legacy -t mangle -N KUBE-IPTABLES-HINT'],
  ])('of iptables-%s, put there when nft’s table stood already', async (kind, first) => {
    await node.sh(first)
    const rules = () =>
      node.sh(`for t in iptables ip6tables; do $t-${kind} -t nat -S; done | grep -c IPM-A || true`)
    await succeed(node, 'ADD', other('nftables'))
    await succeed(node, 'ADD', pod('iptables'))
    expect(await rules()).not.toBe('0')
    await succeed(node, 'DEL', lost())
    expect(await rules()).toBe('0')
    expect(await podAddresses(node)).toEqual(OTHER)
  })

  test('of iptables that had lost its jump when nft’s table was made', async () => {
    await succeed(node, 'ADD', pod('iptables'))
    await node.sh('iptables-nft -t nat -F POSTROUTING; ip6tables-nft -t nat -F POSTROUTING')
    await succeed(node, 'ADD', other('nftables'))
    await succeed(node, 'DEL', lost())
    expect(await inBoth()).toEqual([OTHER, []])
  })

  test('in both places: the first DEL takes one, the second the other', async () => {
    await succeed(node, 'ADD', pod('iptables'))
    await succeed(node, 'ADD', pod('nftables'))
    expect((await callPlugin(node, 'CHECK', pod('nftables'))).json).toMatchObject({
      code: 101,
      details: A.map((address) => `${address}: also has rules in iptables, where it should have none`).join(
        '\n',
      ),
    })
    await succeed(node, 'DEL', pod('nftables'))
    await succeed(node, 'DEL', lost())
    expect(await inBoth()).toEqual([[], []])
  })
})

describe('where nft was away, a DEL finds its rules', () => {
  test.each([
    ['with prevResult', pod()],
    ['without', lost()],
  ])('of the days before nft was installed, %s', async (_, call) => {
    await succeed(node, 'ADD', pod(undefined, noNft))
    await succeed(node, 'ADD', other())
    expect(await inBoth()).toEqual([OTHER, A])
    expect(await callPlugin(node, 'CHECK', pod())).toMatchObject(QUIET)
    expect(await callPlugin(node, 'DEL', call)).toMatchObject(QUIET)
    expect(await inBoth()).toEqual([OTHER, []])
  })

  test('of iptables, put there while nft was away', async () => {
    await succeed(node, 'ADD', other())
    await succeed(node, 'ADD', pod(undefined, noNft))
    expect(await inBoth()).toEqual([OTHER, A])
    await succeed(node, 'DEL', pod())
    expect(await inBoth()).toEqual([OTHER, []])
  })
})

describe('a machine without IPv6 in iptables', () => {
  const before = `${withOnly('nft', ['iptables'])}\n${WITHOUT_NFT}`
  const ipv4 = { containerID: 'a', before, config: configWith(['10.244.1.7/24']) }

  test('ADD, CHECK, DEL without prevResult, GC, sync and gc', async () => {
    await succeed(node, 'ADD', ipv4)
    expect(await callPlugin(node, 'CHECK', ipv4)).toMatchObject(QUIET)
    const config = { ...configWith(), cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] }
    const network = await createCachedNetwork(node)
    await network.cache('a', ['10.244.1.7/24'])
    expect(await network.command('sync', { before })).toMatchObject({ stdout: '1 attachment, nothing to do' })
    expect(await network.command('gc --grace 0', { before })).toMatchObject({ stdout: 'nothing to do' })
    await network.delete()
    expect(await inIptables()).toEqual(['10.244.1.7'])
    expect(await callPlugin(node, 'GC', { before, config })).toMatchObject(QUIET)
    expect(await inIptables()).toEqual([])
    await succeed(node, 'ADD', ipv4)
    expect(await callPlugin(node, 'DEL', lost({ before }))).toMatchObject(QUIET)
    expect(await inIptables()).toEqual([])
  })

  test('a pod with an IPv6 address is an error that says so, and nothing is half done', async () => {
    const { json } = await callPlugin(node, 'ADD', pod('iptables', { before }))
    expect(json).toMatchObject({
      code: 5,
      msg: 'Cannot install the rules: ip6tables-restore could not be started; install iptables if it is missing',
    })
    expect(await inIptables()).toEqual([])
    await succeed(node, 'DEL', pod(undefined, { before }))
  })
})

describe('the xtables lock, held by another', () => {
  // Lockfile and holder are this call's own.
  const locked = `mount -t tmpfs none /run
    flock /run/xtables.lock sleep 60 </dev/null >/dev/null 2>&1 &
    sleep 0.2`

  test('ADD and CHECK say that another try may succeed, DEL succeeds and says what it leaves', async () => {
    await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
    await succeed(node, 'ADD', pod('iptables'))
    const [add, del, second, check] = await Promise.all([
      callPlugin(node, 'ADD', other('iptables', { before: locked })),
      callPlugin(node, 'DEL', pod('iptables', { before: locked })),
      callPlugin(node, 'DEL', lost({ before: locked })),
      callPlugin(node, 'CHECK', pod('iptables', { before: locked })),
    ])
    expect(add).toMatchObject({
      status: 1,
      json: {
        code: 11,
        msg: 'Cannot install the rules: other processes held the xtables lock for 10 s; try again',
      },
    })
    for (const reply of [del, second]) {
      expect(reply).toMatchObject({
        status: 0,
        stderr: expect.stringMatching(/^ip-masq [\d.]+: DEL may have left rules behind: .*lock/),
      })
    }
    expect(check.json).toMatchObject({
      code: 11,
      msg: expect.stringContaining('other processes held the xtables lock for 10 s'),
    })
    expect(await node.sh('iptables-legacy -t nat -S IPM-PODS')).toBe(
      '-N IPM-PODS\n-A IPM-PODS -s 10.244.1.7/32 -g IPM-A-10.244.1.7',
    )
    await succeed(node, 'DEL', lost())
    expect(await node.sh('iptables-legacy -t nat -S IPM-PODS')).toBe('-N IPM-PODS')
  })
})

describe.each(['nft', 'netlink'] as const)('over %s, sync and gc', (carrier) => {
  over(carrier)
  let network: CachedNetwork
  beforeEach(async () => {
    network = await createCachedNetwork(node)
  })
  afterEach(() => network.delete())

  test.each([
    ['nftables', 'iptables'],
    ['iptables', 'nftables'],
    ['iptables', 'auto'],
  ])('a conflist that changes from %s to %s moves its pods', async (before, after) => {
    await network.writeConflist({ backend: before })
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await network.writeConflist({ backend: after })
    const stood = await inBoth()
    const would = 'would change shop/a (a eth0, network cbr0): 10.244.1.7, fd00::7'
    expect((await network.command('sync --dry-run')).lines).toContain(would)
    expect(await inBoth()).toEqual(stood)
    const { status, lines } = await network.command('sync')
    expect({ status, line: lines.at(-1) }).toEqual({ status: 0, line: '1 attachment, 1 changed' })
    expect(await inBoth()).toEqual(after === 'iptables' ? [[], A] : [A, []])
    expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, nothing to do')
  })

  test('a pod that comes back after its DEL is restored, whichever kind of iptables has the tombstone', async () => {
    await network.writeConflist({ backend: 'iptables' })
    await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
    // The DEL looks into nft's tables first, and leaves its tombstone there too.
    await succeed(node, 'DEL', pod('iptables'))
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await node.sh('iptables-legacy -t nat -F IPM-PODS')
    expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, 1 changed')
    expect(await node.sh('iptables-legacy -t nat -S IPM-PODS')).toContain('-s 10.244.1.7/32')
  })

  test('nor does a tombstone in the other kind keep a pod out that came back, when its rules are lost', async () => {
    await network.writeConflist({ backend: 'iptables' })
    await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
    await succeed(node, 'ADD', other('iptables'))
    await succeed(node, 'DEL', pod('iptables'))
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await node.sh("for t in iptables ip6tables; do printf '*nat\\nCOMMIT\\n' | $t-legacy-restore; done")
    expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, 1 changed')
    expect(await node.sh('iptables-legacy -t nat -S IPM-PODS')).toContain('-s 10.244.1.7/32')
  })

  test('what stands in both places is left in one', async () => {
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await succeed(node, 'ADD', pod('iptables'))
    expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, 1 changed')
    expect(await inBoth()).toEqual([A, []])
  })

  test('GC and gc remove from both what nobody knows', async () => {
    const stale = async () => {
      await succeed(node, 'ADD', pod('iptables', { containerID: 'x', environment: GONE }))
      await succeed(node, 'ADD', other('nftables', { environment: GONE }))
    }
    const config = { ...configWith(), cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] }
    await stale()
    await succeed(node, 'GC', { config })
    expect(await inBoth()).toEqual([[], []])
    await stale()
    expect((await network.command('gc --grace 0')).lines.at(-1)).toBe('2 attachments and 3 policies removed')
    expect(await inBoth()).toEqual([[], []])
  })

  describe('a pod that came back within two minutes of its DEL', () => {
    beforeEach(async () => {
      await network.writeConflist({ backend: 'iptables' })
      await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
      await network.del('a')
      await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    })

    test('is moved, and keeps its rules', async () => {
      await network.writeConflist({ backend: 'nftables' })
      expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, 1 changed')
      expect(await inBoth()).toEqual([A, []])
      expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, nothing to do')
    })

    describe('is moved to the other kind of iptables, and keeps its rules', () => {
      const KINDS = ['nft', 'legacy'] as const
      const save = async (kind: string) =>
        (await node.sh(`for t in iptables ip6tables; do $t-${kind}-save -t nat; done`)).split('\n')
      /** The rules in each kind that a packet of the pod meets after the jump, and those that say whose its addresses are. */
      const rules = async () => {
        const [nft, legacy] = await Promise.all(KINDS.map(save))
        const ofPods = (lines: readonly string[] = []) =>
          lines.filter((line) => /^-A (IPM-PODS|IPM-A-|IPM-P-)/.test(line)).sort()
        return { nft: ofPods(nft), legacy: ofPods(legacy) }
      }
      /** What other chains of ours each kind has. */
      const chains = async (kind: string) =>
        (await save(kind)).flatMap((line) => /^:(IPM-\S+)/.exec(line)?.[1] ?? []).sort()
      const whole = [
        expect.stringMatching(/^-A IPM-A-10\.244\.1\.7 -g IPM-P-\w+$/),
        expect.stringMatching(/^-A IPM-A-10\.244\.1\.7 -j IPM-O-\w+$/),
        expect.stringMatching(/^-A IPM-A-\w+ -g IPM-P-\w+$/),
        expect.stringMatching(/^-A IPM-A-\w+ -j IPM-O-\w+$/),
        '-A IPM-PODS -s 10.244.1.7/32 -g IPM-A-10.244.1.7',
        expect.stringMatching(/^-A IPM-PODS -s fd00::7\/128 -g IPM-A-\w+$/),
      ]
      /** Of each family. */
      const SKELETON = [0, 1, 2, 3].map((i) => `IPM-D-${i}`).concat('IPM-PODS')
      const bothFamilies = [...SKELETON, ...SKELETON].sort()

      beforeEach(async () => {
        await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
        await node.sh("for t in iptables ip6tables; do printf '*nat\\nCOMMIT\\n' | $t-legacy-restore; done")
      })

      test('after a sync that knew only that one', async () => {
        const { nft: stood, legacy } = await rules()
        expect(stood).toEqual(expect.arrayContaining(whole))
        expect(legacy).toEqual([])

        await network.command('sync', { before: withOnly('legacy') })
        expect(await rules()).toEqual({ nft: stood, legacy: stood })

        expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, 1 changed')
        expect(await rules()).toEqual({ nft: [], legacy: stood })
        expect(await chains('nft')).toEqual(bothFamilies)

        expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, nothing to do')
        expect(await rules()).toEqual({ nft: [], legacy: stood })
      })

      test('in one sync, which writes the new rules before it takes the old ones away', async () => {
        const { nft: stood } = await rules()
        await network.command('sync', { before: withOnly('legacy') })
        // The kind that is in use has lost the pod, and is in use all the same.
        await node.sh('for t in iptables ip6tables; do $t-legacy -t nat -F IPM-PODS; done')
        expect((await network.command('sync --dry-run')).lines).toContain('1 attachment, would change 1')
        expect((await rules()).nft).toEqual(stood)

        await writeFile(recorder, '')
        expect((await network.command('sync', { path: tools })).lines.at(-1)).toBe('1 attachment, 1 changed')
        const restores = (await node.sh(`grep restore ${recorder}`)).split('\n')
        expect(restores.slice(0, 3)).toEqual([
          'iptables-legacy-restore',
          'ip6tables-legacy-restore',
          'iptables-nft-restore',
        ])
        expect(restores.slice(3)).not.toContain('iptables-legacy-restore')
        expect(await rules()).toEqual({ nft: [], legacy: stood })
      })

      test('which are left in a kind that cannot be written, as the sync says', async () => {
        const { nft: stood } = await rules()
        await network.command('sync', { before: withOnly('legacy') })
        const refusing = `printf '#!/bin/sh\\necho "iptables-nft-restore: no" >&2; exit 1\\n' > ${tools}/no
          chmod 755 ${tools}/no; mkdir -p ${tools}/unwritable; ln -sf ../no ${tools}/unwritable/iptables-nft-restore`
        await node.sh(refusing)
        const { status, stdout, stderr } = await network.command('sync', { path: `${tools}/unwritable` })
        expect({ status, said: stdout + stderr }).toEqual({
          status: 1,
          said: expect.stringContaining('iptables-nft-restore: no'),
        })
        const { nft, legacy } = await rules()
        expect(legacy).toEqual(stood)
        expect(nft).toContain('-A IPM-PODS -s 10.244.1.7/32 -g IPM-A-10.244.1.7')
      })
    })

    test('is restored after a GC that did not know it', async () => {
      const config = { ...configWith(), cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] }
      await succeed(node, 'GC', { config })
      expect(await inBoth()).toEqual([[], []])
      expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, 1 changed')
      expect(await inBoth()).toEqual([[], A])
    })
  })

  test('without CAP_NET_RAW, what iptables-legacy holds is said to be unknown, and is not forgotten', async () => {
    await network.writeConflist({ backend: 'iptables' })
    await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await network.writeConflist({ backend: 'nftables' })
    // ADD has left its mark that iptables may have rules only if there was a table of nft's.
    await node.sh('nft flush ruleset')
    const inLegacy = () => node.sh('iptables-legacy -t nat -S IPM-PODS')
    const weak = `exec setpriv --bounding-set=-net_raw --inh-caps=-net_raw ${EXECUTABLES.native} sync --conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`
    for (let run = 1; run <= 2; run++) {
      const { status, stdout } = await network.command('sync', { before: weak })
      expect({ run, status }).toEqual({ run, status: 1 })
      expect(stdout).toContain(
        'warning: iptables may also have rules of these attachments: Cannot list the rules: CAP_NET_RAW is missing',
      )
      expect(await podAddresses(node)).toEqual(A)
    }
    expect(await inLegacy()).toContain('-s 10.244.1.7/32')
    expect(await network.command('sync')).toMatchObject({ status: 0 })
    expect(await inLegacy()).not.toContain('-s')
  })

  test('the mark that iptables may have rules is no attachment', async () => {
    await network.writeConflist({ backend: 'iptables' })
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await network.writeConflist({ backend: 'nftables' })
    await network.command('sync')
    expect(await node.sh('nft list map inet ip-masq owners')).toContain(':: comment "iptables" : ::1')
    await network.del('a')
    expect((await network.command('sync')).stdout).toBe('0 attachments, nothing to do')
    expect((await network.command('gc --grace 0')).lines.at(-1)).toBe('0 attachments and 1 policy removed')
    // It is still there, so that the next DEL looks into iptables.
    expect(await node.sh('nft list map inet ip-masq owners')).toContain(':: comment "iptables" : ::1')
    const uninstalled = await network.command(`uninstall --bin-dir ${network.cacheDir}`)
    expect(uninstalled).toMatchObject({ status: 0, stdout: expect.not.stringContaining('in use') })
  })
})

describe('sync and gc', () => {
  let network: CachedNetwork
  beforeEach(async () => {
    network = await createCachedNetwork(node)
  })
  afterEach(() => network.delete())

  test.each([undefined, 'auto', 'iptables'])(
    'without nft, backend %s: rules stay, and are restored',
    async (backend) => {
      await network.writeConflist(backend ? { backend } : {})
      await network.add('a', ['10.244.1.7/24', 'fd00::7/64'], undefined, WITHOUT_NFT)
      const sync = (line = 'sync') => network.command(line, { before: WITHOUT_NFT })
      expect(await sync()).toMatchObject({ status: 0, stdout: '1 attachment, nothing to do' })
      expect(await sync('gc --grace 0')).toMatchObject({ status: 0, stdout: 'nothing to do' })
      expect(await inIptables()).toEqual(A)
      await node.sh('iptables-nft -t nat -F; iptables-nft -t nat -X')
      const { status, lines } = await sync()
      expect({ status, lines }).toEqual({
        status: 0,
        lines: [
          'repaired iptables: chain IPM-PODS: missing',
          'restored shop/a (a eth0, network cbr0): 10.244.1.7',
          '1 attachment, 1 changed',
        ],
      })
      expect(await inIptables()).toEqual(A)
      expect(await sync()).toMatchObject({ status: 0, stdout: '1 attachment, nothing to do' })
    },
  )

  test('without nft, a network that insists on it is an error, and keeps what it has', async () => {
    await network.add('a', ['10.244.1.7/24'], undefined, WITHOUT_NFT)
    await network.writeConflist({ backend: 'nftables' })
    const { status, stderr } = await network.command('sync', { before: WITHOUT_NFT })
    expect(status).toBe(1)
    expect(stderr).toMatch(/nft could not be started/)
    expect(await inIptables()).toEqual(['10.244.1.7'])
  })

  test('a pod whose conflist is gone stays where it is', async () => {
    await network.writeConflist({ backend: 'auto' })
    await network.add('a', ['10.244.1.7/24'], undefined, WITHOUT_NFT)
    await rm(join(network.confDir, '10-pods.conflist'))
    expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, nothing to do')
    expect(await inBoth()).toEqual([[], ['10.244.1.7']])
  })

  test('an address that another holds in the other place is left to it', async () => {
    await succeed(node, 'ADD', {
      containerID: 'new',
      config: configWith(['10.244.1.7/24'], { backend: 'iptables' }),
    })
    await network.cache('old', ['10.244.1.7/24'])
    const { lines } = await network.command('sync')
    expect(lines).toContain('left alone 10.244.1.7 of shop/old (old eth0, network cbr0): new eth0 holds it')
    expect(await inBoth()).toEqual([[], ['10.244.1.7']])
  })

  test('an address that the dead held in the other place goes to the living in one sync', async () => {
    await succeed(node, 'ADD', pod('iptables', { containerID: 'dead', environment: GONE }))
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await node.sh('nft delete table inet ip-masq')
    const { status, lines } = await network.command('sync --prune --grace 0')
    expect({ status, line: lines.at(-1) }).toEqual({ status: 0, line: '1 attachment, 2 changed' })
    expect(await inBoth()).toEqual([A, []])
    expect(await callPlugin(node, 'CHECK', pod())).toMatchObject(QUIET)
  })

  test('what stands in both kinds of iptables is found by CHECK, and left in one', async () => {
    await network.writeConflist({ backend: 'iptables' })
    await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await network.command('sync', { before: withOnly('nft') })
    expect(await inIptables()).toEqual(A)
    expect((await callPlugin(node, 'CHECK', pod('iptables'))).json).toMatchObject({
      code: 101,
      details: A.map(
        (address) => `${address}: also has rules in iptables-nft, where it should have none`,
      ).join('\n'),
    })
    expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, 1 changed')
    expect(await inIptables()).toEqual([])
    expect(await callPlugin(node, 'CHECK', pod('iptables'))).toMatchObject(QUIET)
    expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, nothing to do')
  })

  test('--watch restores what iptables lost, soon', async () => {
    await network.writeConflist({ backend: 'iptables' })
    await network.add('a', ['10.244.1.7/24'])
    const args = ['sync', '--watch', '--conf-dir', network.confDir, '--cache-dir', network.cacheDir]
    node.start(EXECUTABLES.native, ...args)
    await pause(1000)
    await node.sh('iptables-nft -t nat -F POSTROUTING')
    await until(async () => (await node.sh('iptables-nft -t nat -S POSTROUTING')).includes('-j IPM-PODS'))
  })
})

describe('a host whose iptables lacks a match', () => {
  const lacking = (match: string) => `mount --bind /dev/null /usr/lib/*/xtables/libxt_${match}.so`

  describe.each(['nft', 'legacy'] as const)('%s', (kind) => {
    beforeEach(async () => {
      if (kind === 'legacy') await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
    })
    const podWith = (keys: Record<string, unknown>, before: string): PluginCall => ({
      containerID: 'a',
      before,
      config: configWith(['10.244.1.7/24', 'fd00::7/64'], { backend: 'iptables', ...keys }),
    })
    const rules = () => node.sh(`for t in iptables ip6tables; do $t-${kind} -t nat -S; done`)

    test('comment: rules are the same, without names', async () => {
      const call = podWith({}, lacking('comment'))
      await succeed(node, 'ADD', call)
      expect(await callPlugin(node, 'CHECK', call)).toMatchObject(QUIET)
      expect(await rules()).toContain('-A IPM-PODS -s 10.244.1.7/32')
      expect(await rules()).not.toContain('comment')
      await succeed(node, 'DEL', call)
      expect(await rules()).not.toContain('10.244.1.7')
    })

    test.each([
      [
        'statistic',
        { toPorts: '1000-1999,3000-3999' },
        { toPorts: '1000-1999' },
        'toPorts with several ranges needs the iptables match "statistic", which this node lacks; write only one range',
      ],
      [
        'conntrack',
        { pinExemptions: true },
        { pinExemptions: false },
        'pinExemptions needs the iptables match "conntrack", which this node lacks; write "pinExemptions": false',
      ],
    ])('%s: an error that says what to write, and nothing is left', async (match, keys, instead, said) => {
      const before = lacking(match)
      const empty = await rules()
      expect((await callPlugin(node, 'ADD', podWith(keys, before))).json).toMatchObject({
        code: 100,
        msg: `Cannot install the rules: ${said}`,
      })
      expect(await rules()).toBe(empty)
      await succeed(node, 'ADD', podWith(instead, before))
    })
  })
})
