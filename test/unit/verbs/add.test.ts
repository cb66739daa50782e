import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Wanted } from '../../../src/backend/backend'
import { CniError } from '../../../src/cni/error'
import { formatAddress } from '../../../src/policy/address-text'
import type { Policy } from '../../../src/policy/policy'
import { rangesIn } from '../../../src/policy/range'
import { failureWithDetails, VERSIONS } from '../../lab/bad-configs'
import { type Call, callInProcess, NETNS } from '../../lab/call'
import { configWith, resultWith } from '../../lab/plugin'

const add = (call: Call = {}) => callInProcess('ADD', call)

describe('the result is prevResult as received', () => {
  test('to the letter', async () => {
    const prevResult =
      '{ "cniVersion":"1.0.0","ips":[] , "x-unknown": [1e400, 12345678901234567890, "\\u00e9"],\n "__proto__": {"a": 1}}'
    const config = `{"cniVersion": "1.0.0", "name": "cbr0", "type": "ip-masq", "prevResult": ${prevResult}}`
    expect(await add({ config })).toMatchObject({ status: 0, stdout: prevResult, warnings: [] })
  })

  test.each(VERSIONS.split(', '))('in version %s', async (cniVersion) => {
    const prevResult = { ...resultWith(['10.244.1.7/24']), cniVersion }
    const reply = await add({ config: { ...configWith(), cniVersion, prevResult } })
    expect(reply).toMatchObject({ status: 0, json: prevResult, warnings: [] })
  })

  test('with an interface index that is out of range', async () => {
    const prevResult = { cniVersion: '1.0.0', ips: [{ address: '10.244.1.7/24', interface: 9 }] }
    expect(await add({ config: { ...configWith(), prevResult } })).toMatchObject({
      status: 0,
      json: prevResult,
    })
  })

  test.each(['before', 'inside', 'after'])('with a string of megabytes %s it', async (place) => {
    const long = JSON.stringify(`${'x"\\'.repeat(1 << 20)}`)
    const prevResult = `{ "ips": [], "x": ${place === 'inside' ? long : 1} }`
    const [before, after] = [
      place === 'before' ? `"x": ${long},` : '',
      place === 'after' ? `, "x": ${long}` : '',
    ]
    const args = `"args": {${before} "y": 1 ${after}}`
    const config = `{"cniVersion": "1.0.0", "name": "cbr0", ${args}, "prevResult": ${prevResult}, "dns": {"x": ${place === 'after' ? long : 1}}}`
    const { status, stdout, warnings } = await add({ config })
    expect({ status, isSame: stdout === prevResult, warnings }).toEqual({
      status: 0,
      isSame: true,
      warnings: [],
    })
  })
})

describe('what the backend is asked for', () => {
  test('the rules of the attachment, once', async () => {
    const config = configWith(['10.244.1.7/24', 'fd00::7/64', '10.244.1.7/16'], { backend: 'auto' })
    const { asked } = await add({
      config,
      environment: { CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-1' },
    })
    expect(asked).toEqual([['apply', expect.anything(), expect.any(Function)]])
    const [[, { policy, addresses, ...wanted }]] = asked as [[string, Wanted]]
    expect(wanted).toEqual({
      attachment: {
        containerID: 'c1',
        ifname: 'eth0',
        network: 'cbr0',
        pod: 'shop/web-1',
        namespace: 'shop',
      },
      backend: 'auto',
      carrier: 'auto',
      netns: NETNS,
    })
    expect(addresses.map(formatAddress)).toEqual(['10.244.1.7', 'fd00::7'])
    expect(Object.keys(policy.families)).toEqual(['ip', 'ip6'])
  })

  test('with the backend, the carrier and the pod’s own list that the config names', async () => {
    const keys = {
      ...{ backend: 'auto', ipMasqBackend: 'iptables', carrier: 'nft' },
      runtimeConfig: { nonMasqueradeCIDRs: [] },
    }
    const { asked } = await add({ config: configWith(['10.244.1.7/24'], keys) })
    expect(asked[0]?.[1]).toMatchObject({ backend: 'iptables', carrier: 'nft', podList: [] })
  })
})

describe('warnings', () => {
  test('a list leaves out a family of the pod; the backend found something in the way', async () => {
    const config = configWith(['10.244.1.7/24', 'fd00::7/64'], { nonMasqueradeCIDRs: ['10.0.0.0/8'] })
    const apply = async () => ({ tableWasMissing: false, warnings: ['replaced something'] })
    expect(await add({ config, backends: { apply } })).toMatchObject({
      status: 0,
      warnings: [
        'nonMasqueradeCIDRs has no IPv6 entry: only the built-in IPv6 exemptions apply',
        'replaced something',
      ],
    })
  })

  test('a mask is too wide; a namespace is not known; a list of the pod’s own does not count', async () => {
    const config = configWith(['10.244.1.7/0'], {
      onlyNamespaces: ['shop'],
      args: { cni: { nonMasqueradeCIDRs: [] } },
    })
    const { status, warnings } = await add({ config })
    expect({ status, warnings }).toEqual({
      status: 0,
      warnings: [
        'args.cni.nonMasqueradeCIDRs is ignored: write "podLists": "args" or "both" in the conflist to let pods have lists of their own there',
        'CNI_ARGS has no K8S_POD_NAMESPACE: onlyNamespaces cannot match, so the pod is not masqueraded',
        'the subnet 0.0.0.0/0 of prevResult is not exempt: it is wider than /8; check the prefix length that the IPAM plugin assigns',
      ],
    })
  })
})

describe('what fails', () => {
  test('is an error in the version of the config', async () => {
    const apply = async () => {
      throw new CniError('tryAgain', 'Cannot install the rules: try again', 'what nft said')
    }
    const reply = await add({ config: { ...configWith(), cniVersion: '0.4.0' }, backends: { apply } })
    expect(reply).toMatchObject({ status: 1, warnings: [] })
    expect(reply.json).toEqual({
      cniVersion: '0.4.0',
      code: 11,
      msg: 'Cannot install the rules: try again',
      details: 'what nft said',
    })
  })

  test('for a reason that nobody foresaw is a defect, with its stack', async () => {
    const apply = async () => {
      throw new TypeError('x is not a function')
    }
    const msg = 'Cannot go on because of a defect in ip-masq: TypeError: x is not a function'
    expect(await add({ backends: { apply } })).toMatchObject(failureWithDetails(999, msg))
  })

  test('when nested too deep to print is quoted all the same', async () => {
    const nested = '['.repeat(8000) + ']'.repeat(8000)
    const config = JSON.stringify(configWith([])).replace('{', `{"unknown": ${nested}, `)
    const { json } = await add({ config })
    expect(json).toMatchObject({
      code: 2,
      msg: expect.stringMatching(/^Cannot use unknown .*: unknown key; write "\w+" if that is meant/),
    })
  })
})

describe('where the table was gone', () => {
  const apply = async () => ({ tableWasMissing: true })

  let cacheDir: string
  beforeEach(() => {
    cacheDir = mkdtempSync(join(tmpdir(), 'ip-masq-add-'))
  })
  afterEach(() => rmSync(cacheDir, { recursive: true }))

  /** What libcni keeps of a pod. */
  const cache = (containerID: string, network: string, address: string) => {
    mkdirSync(join(cacheDir, 'results'), { recursive: true })
    const names = { kind: 'cniCacheV1', containerId: containerID, ifName: 'eth0', networkName: network }
    const entry = { ...names, config: btoa('{}'), result: { cniVersion: '1.0.0', ips: [{ address }] } }
    writeFileSync(join(cacheDir, 'results', `${network}-${containerID}-eth0`), JSON.stringify(entry))
  }

  test('and no other pod is known: nothing is restored', async () => {
    const { status, warnings, asked } = await add({ backends: { apply }, cacheDir })
    expect({ status, warnings }).toEqual({ status: 0, warnings: [] })
    expect(asked).toEqual([expect.arrayContaining(['apply']), ['within', 200]])
  })

  test('the other pods of the network get the policy of its config, and nothing of the added pod', async () => {
    for (const [containerID, network, address] of [
      ['c1', 'cbr0', '10.244.1.7/24'],
      ['c2', 'cbr0', '10.244.1.8/24'],
      ['c3', 'other', '10.244.1.9/24'],
    ] as const)
      cache(containerID, network, address)
    const own = { nonMasqueradeCIDRs: [] }
    const keys = { podLists: 'both', runtimeConfig: own, args: { cni: own }, carrier: 'nft' }
    const replace = async ([one]: readonly Wanted[]) => ({
      ...{ held: [], repairs: [], unrepaired: [], script: '' },
      changes: one
        ? [{ attachment: one.attachment, what: 'restored', addresses: one.addresses } as const]
        : [],
    })
    const { status, warnings, asked } = await add({
      config: configWith(['10.244.1.7/24'], { ...keys, ipv6: false }),
      backends: { apply, replace },
      cacheDir,
    })
    expect({ status, warnings }).toEqual({
      status: 0,
      warnings: ['the table was gone; ADD restored the rules of 1 other attachment of network cbr0'],
    })
    expect(asked.map(([verb]) => verb)).toEqual(['apply', 'within', 'replace'])
    const [[, added], , [, [restored]]] = asked as [[string, Wanted], unknown, [string, [Wanted]]]
    const { policy, addresses, addedAt, ...rest } = restored
    expect(rest).toEqual({
      attachment: { containerID: 'c2', ifname: 'eth0', network: 'cbr0', pod: '', namespace: '' },
      ...{ backend: added.backend, carrier: 'nft', isFallback: true, origin: 'adopted' },
    })
    expect(addresses.map(formatAddress)).toEqual(['10.244.1.8'])
    expect(added.podList).toEqual([])
    expect(policy.families.ip6).toBe(undefined)
    // The built-in list, which the pod's own list replaces.
    const count = ({ families }: Policy) => rangesIn(families.ip?.exempt ?? []).length
    expect(count(policy)).toBeGreaterThan(count(added.policy))
  })

  test('what fails then is a warning: the ADD has its own rules', async () => {
    writeFileSync(join(cacheDir, 'results'), 'no directory')
    const { status, json, warnings } = await add({ backends: { apply }, cacheDir })
    expect({ status, json }).toEqual({ status: 0, json: configWith().prevResult })
    expect(warnings).toEqual([
      `the table was gone; run ip-masq sync to restore the rules of other attachments: Cannot read the result cache ${cacheDir}/results: it, or a part of its path, is not a directory`,
    ])
  })
})
