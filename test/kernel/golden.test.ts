import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { overNft } from '../lab/carrier'
import { type Namespace, withNamespace } from '../lab/namespace'
import { configWith, type PluginCall, succeed } from '../lab/plugin'
import { readTable } from '../lab/table'

/** Which scripts reach the real nft, and how many: the goldens are compared with what a recorder in its place saw. */

overNft()

let recorder: string
beforeAll(async () => {
  recorder = await mkdtemp(join(tmpdir(), 'ip-masq-recorder-'))
  const script = `#!/bin/bash
n=$(ls ${recorder} | wc -l)
cat > "${recorder}/script-$(printf %03d $n)"
exec $(PATH=/usr/sbin:/sbin:/usr/bin command -v nft) "$@" < "${recorder}/script-$(printf %03d $n)"
`
  await writeFile(join(recorder, 'nft'), script, { mode: 0o755 })
})
afterAll(() => rm(recorder, { recursive: true }))

/** The scripts of one call, with the time of the goldens. */
async function record(node: Namespace, command: string, call: PluginCall): Promise<string[]> {
  const before = await readdir(recorder)
  await succeed(node, command, {
    ...call,
    environment: { PATH: `${recorder}:/usr/bin`, ...call.environment },
  })
  const files = (await readdir(recorder)).filter((file) => !before.includes(file)).sort()
  const scripts = await Promise.all(files.map((file) => readFile(join(recorder, file), 'utf8')))
  return scripts.map(atGoldenTime)
}

/** With the times, and the network namespace, of the goldens. */
function atGoldenTime(text: string): string {
  return text
    .replaceAll(/(comment "[0-9a-f]{16}) \d{10} /g, '$1 1700000000 ')
    .replaceAll(/(comment "\d) \d+ a \/var\/run\/netns\/[^" ]+"/g, '$1 4711 a /var/run/netns/web"')
}

const golden = (name: string) => readFile(new URL(`../golden/${name}`, import.meta.url), 'utf8')

const pod: PluginCall = {
  containerID: '4c1d',
  config: configWith(['10.244.1.7/24', 'fd00:244:1::7/64']),
  environment: { CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-1' },
}
const sameAddress = (containerID: string): PluginCall => ({
  ...pod,
  containerID,
  config: configWith(['10.244.1.7/24']),
})

test('the first ADD tries, looks, then sets everything up', () =>
  withNamespace('golden', async (node) => {
    const [add, setUp] = [await golden('add.nft'), await golden('set-up.nft')]
    expect(await record(node, 'ADD', pod)).toEqual([add, 'list table inet ip-masq\n', setUp + add])
  }))

test('a policy with everything in it: each rule in its place', () =>
  withNamespace('golden', async (node) => {
    const policies = [{ name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', Destinations: ['0.0.0.0/1'] } }]
    const keys = {
      nonMasqueradeCIDRs: ['10.0.0.0/8', 'fc00::/7'],
      masqueradeCIDRs: ['10.100.10.0/24'],
      toPorts: '1024-29999,32768-65535',
      snatTo: { ipv4: '192.0.2.10-192.0.2.13' },
      outInterfaces: ['eth0', 'bond+'],
      pinExemptions: true,
    }
    const setUp = async (more: Record<string, unknown>) => {
      const config = configWith(['10.244.1.7/24', 'fd00:244:1::7/64'], { ...keys, ...more })
      const script = (await record(node, 'ADD', { ...pod, config })).at(-1) ?? ''
      const lines = script
        .split('\n')
        .filter((line) => /^add (set|chain|rule|element) inet ip-masq policy-/.test(line))
      return lines.map((line) => `${line}\n`.replaceAll(/policy-[0-9a-f]{16}/g, 'policy-HASH')).join('')
    }
    expect(await setUp({})).toBe(await golden('every-option.nft'))
    expect(await setUp({ policies })).toBe(await golden('one-family.nft'))
  }))

test('what stands in the kernel after it is what docs/how-it-works.md shows', () =>
  withNamespace('golden', async (node) => {
    await succeed(node, 'ADD', pod)
    // Versions of nft wrap lists of elements in different places.
    const words = (text: string) => atGoldenTime(text).split(/\s+/)
    const listing = await node.sh('nft list table inet ip-masq')
    expect(words(listing)).toEqual(words((await golden('table.txt')).trim()))
  }))

test('every further ADD is one run of additions', () =>
  withNamespace('golden', async (node) => {
    await succeed(node, 'ADD', {
      containerID: 'other',
      config: configWith(['10.244.1.8/24', 'fd00:244:1::8/64']),
    })
    expect(await record(node, 'ADD', pod)).toEqual([await golden('add.nft')])
    expect(await record(node, 'ADD', pod)).toEqual([await golden('add.nft')])
  }))

test('DEL with prevResult is one run', () =>
  withNamespace('golden', async (node) => {
    await succeed(node, 'ADD', pod)
    expect(await record(node, 'DEL', pod)).toEqual([await golden('delete.nft')])
  }))

const SLOTS = 'inet ip-masq attachments { 43b4:5b20:eda7:2cad:7568:bf33:'
const TOMBSTONE = `add element ${SLOTS}: timeout 120s : :: }\n`
const [LOOK, LOOK_ON] = [`get element ${SLOTS}: }\n`, `get element ${SLOTS}0:1 }\n`]
const MARKER = 'flush chain inet ip-masq layout-3\n'

test('DEL without prevResult looks its slots up, and deletes; the next one finds the tombstone', () =>
  withNamespace('golden', async (node) => {
    const lost = { ...pod, config: '' }
    await succeed(node, 'ADD', pod)
    expect(await record(node, 'DEL', lost)).toEqual([LOOK, LOOK_ON, await golden('delete.nft')])
    const layout = [MARKER, 'get element inet ip-masq owners { :: }\n']
    expect(await record(node, 'DEL', lost)).toEqual([LOOK, ...layout])
    await node.sh('nft flush map inet ip-masq attachments')
    expect(await record(node, 'DEL', lost)).toEqual([LOOK, ...layout, TOMBSTONE])
  }))

test('DEL where there is no table leaves one with its tombstone alone', () =>
  withNamespace('golden', async (node) => {
    const table = [
      'add table inet ip-masq\n',
      'add map inet ip-masq attachments { type ipv6_addr : ipv6_addr; flags timeout; }\n',
      TOMBSTONE,
    ]
    const config = { cniVersion: '1.0.0', name: 'cbr0', type: 'ip-masq' }
    expect(await record(node, 'DEL', { ...pod, config })).toEqual([
      LOOK,
      MARKER,
      'list table inet ip-masq\n',
      table.join(''),
    ])
  }))

test('ADD of an address with a stale owner takes it over', () =>
  withNamespace('golden', async (node) => {
    await succeed(node, 'ADD', sameAddress('0ld0'))
    const takeOver = await golden('take-over.nft')
    const add = takeOver.slice(takeOver.lastIndexOf('add element inet ip-masq owners'))
    const looked = [
      'list table inet ip-masq\n',
      LOOK + LOOK_ON,
      LOOK,
      LOOK_ON,
      'get element inet ip-masq owners { ::ffff:10.244.1.7 }\nget element inet ip-masq pods-ip { 10.244.1.7 }\n',
    ]
    const scripts = await record(node, 'ADD', sameAddress('4c1d'))
    // The holder's own slots: for what may be said of it, and for the one that it loses.
    const slots = 'get element inet ip-masq attachments { cd80:f2e6:7904:9b50:d2a1:228a:: }\n'
    expect(scripts).toEqual([add, ...looked, slots, slots, takeOver])
  }))

test('the set-up loads twice, and twenty times at once, and each rule is there once', () =>
  withNamespace('golden', async (node) => {
    const load = `nft -f ${new URL('../golden/set-up.nft', import.meta.url).pathname}`
    await node.sh(load)
    const once = await readTable(node)
    expect(once?.rules).toEqual({ 'layout-3': 0, 'nat-postrouting': 2, 'policy-fce57beaef705262': 3 })
    await node.sh(
      `${load}; pids=; for i in $(seq 20); do ${load} & pids+=" $!"; done; for p in $pids; do wait $p; done`,
    )
    expect(await readTable(node)).toEqual(once)
  }))
