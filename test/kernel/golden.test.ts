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
  return scripts.map((script) => script.replaceAll(/(comment "[0-9a-f]{16}) \d{10} /g, '$1 1700000000 '))
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

test('what stands in the kernel after it is what the README shows', () =>
  withNamespace('golden', async (node) => {
    await succeed(node, 'ADD', pod)
    // Versions of nft wrap lists of elements in different places.
    const words = (text: string) =>
      text.replaceAll(/(comment "[0-9a-f]{16}) \d{10} /g, '$1 1700000000 ').split(/\s+/)
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

test('DEL without prevResult is one list, and one deletion if there is something to delete', () =>
  withNamespace('golden', async (node) => {
    const list = 'list map inet ip-masq owners\n'
    const lost = { ...pod, config: '' }
    expect(await record(node, 'DEL', lost)).toEqual([list])
    await succeed(node, 'ADD', pod)
    expect(await record(node, 'DEL', lost)).toEqual([list, await golden('delete.nft')])
    expect(await record(node, 'DEL', lost)).toEqual([list])
  }))

test('ADD of an address with a stale owner takes it over', () =>
  withNamespace('golden', async (node) => {
    await succeed(node, 'ADD', sameAddress('0ld0'))
    const takeOver = await golden('take-over.nft')
    const add = takeOver.slice(takeOver.lastIndexOf('add element inet ip-masq owners'))
    expect(await record(node, 'ADD', sameAddress('4c1d'))).toEqual([
      add,
      'list table inet ip-masq\n',
      takeOver,
    ])
  }))

test('the set-up loads twice, and twenty times at once, and each rule is there once', () =>
  withNamespace('golden', async (node) => {
    const load = `nft -f ${new URL('../golden/set-up.nft', import.meta.url).pathname}`
    await node.sh(load)
    const once = await readTable(node)
    expect(once?.rules).toEqual({ 'layout-2': 0, 'nat-postrouting': 2, 'policy-304c1de050e39afb': 3 })
    await node.sh(
      `${load}; pids=; for i in $(seq 20); do ${load} & pids+=" $!"; done; for p in $pids; do wait $p; done`,
    )
    expect(await readTable(node)).toEqual(once)
  }))
