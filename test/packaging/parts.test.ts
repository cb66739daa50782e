import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { thisArchitecture } from '../../scripts/packaging/architecture'
import { nativeBundle } from '../../scripts/packaging/bundle'
import { compile } from '../../scripts/packaging/compile'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, type PluginCall, succeed } from '../lab/plugin'
import { podAddresses } from '../lab/table'

/** Which part of the native executable has what. */

let directory: string
let executable: string
let first: string
let node: Namespace
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-parts-'))
  executable = join(directory, 'ip-masq')
  await compile(thisArchitecture(), executable, async (work) => {
    const [main = '', ...others] = await nativeBundle(work)
    first = await readFile(main, 'utf8')
    for (const other of others) await writeFile(other, `throw new Error('${basename(other)} was read')`)
    return [main, ...others]
  })
  node = await createNamespace('parts')
  // The first pod's ADD sets up the table and its policy.
  for (const config of [configWith(), everyKey()])
    await succeed(node, 'ADD', { containerID: 'other', config })
})
afterAll(async () => {
  await node.delete()
  await rm(directory, { recursive: true })
})

/** Of the keys those that are read without the schema. */
function everyKey() {
  return configWith(['10.244.1.9/24', 'fd00:1::9/64'], {
    nonMasqueradeCIDRs: ['10.0.0.0/8', '2001:db8::/32'],
    masqueradeCIDRs: ['10.9.0.0/16'],
    exceptNamespaces: ['kube-system'],
    outInterfaces: ['eth+'],
    toPorts: '1024-2047,4096-8191',
    pinExemptions: true,
    repairOnCheck: false,
  })
}

describe('the first part alone', () => {
  const inShop = { CNI_ARGS: 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-1' }
  const withoutPrevResult = { ...configWith(), prevResult: undefined }
  const status = { cniVersion: '1.1.0', name: 'cbr0', type: 'ip-masq' }
  const cases: readonly (readonly [string, string, PluginCall])[] = [
    ['ADD', 'ADD', {}],
    ['ADD once more', 'ADD', {}],
    ['DEL', 'DEL', {}],
    ['DEL that finds nothing', 'DEL', { config: withoutPrevResult }],
    [
      'ADD with lists, ports and interfaces',
      'ADD',
      { config: everyKey(), containerID: 'other', environment: inShop },
    ],
    ['DEL without prevResult', 'DEL', { config: withoutPrevResult, containerID: 'other' }],
    ['STATUS', 'STATUS', { config: status }],
    ['VERSION', 'VERSION', { config: status }],
  ]
  test('is all that the calls of pods read', async () => {
    for (const [what, command, call] of cases) {
      const reply = await callPlugin(node, command, { ...call, executable })
      expect({ what, ...reply }).toMatchObject({ what, status: 0, stderr: '' })
    }
    expect(await podAddresses(node)).toEqual([])
  })

  test('is not all that there is', async () => {
    const config = configWith(['10.244.1.9/24'], { nonMasqueradeCIDRs: ['10.0.0.1/8'] })
    const { json } = await callPlugin(node, 'ADD', { config, executable })
    expect(json).toMatchObject({ code: 999, msg: expect.stringContaining('later.js was read') })
  })

  test('uses lists.ts instead of the methods of arrays', () => {
    expect(first.match(/\.(map|filter|some|every|flatMap|find|findIndex|reduce|forEach)\(/g)).toBeNull()
    expect(first).not.toMatch(/\b(Array\.from|Object\.fromEntries)\(/)
  })
})
