import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseAgentFile } from '../../src/config/agent-file'
import { intentOf } from '../../src/config/intent'
import { readSettings } from '../../src/config/settings'
import { warningsOf } from '../../src/config/warnings'
import { decidePolicy } from '../../src/policy/decide'
import type { FamilyPolicy } from '../../src/policy/policy'
import { formatPrefix } from '../../src/policy/prefix'
import { prefixesIn } from '../../src/policy/prefixes'
import { rangesIn } from '../../src/policy/range'
import { formatRange } from '../../src/policy/range-text'

/**
 * Files that a config names. Situations of ip-masq-agent's tests, and of Azure's for several files:
 *
 *   TestConfigValidate          "values that cannot be used" (the limit of 64 is not kept: "there is no limit")
 *   TestSyncConfig              "one file"
 *   TestSyncMasqRules (+IPv6)   "what is exempt then"; with packets in test/kernel/policy-packets.test.ts
 *   TestWriteMasqRules          test/unit/policy-objects.test.ts (our rules are nft's, the chances are the same)
 *   pkg/interval                test/unit/ports.test.ts (overlaps and port 0, which are accepted there, are refused here)
 *   Azure v2 TestSyncConfig,
 *   TestMerge, TestMergeIncomplete, and the tests of azure-ip-masq-merger   "several files"
 */

const summary = async (text: string) => {
  const { nonMasqueradeCIDRs, ...rest } = await parseAgentFile(text, 'f')
  return { ...rest, cidrs: nonMasqueradeCIDRs && prefixesIn(nonMasqueradeCIDRs).map(formatPrefix) }
}

const plain = { cidrs: undefined, masqLinkLocal: false, masqLinkLocalIPv6: false, ignored: [] }

describe('one file:', () => {
  const cases: [string, string, Partial<Awaited<ReturnType<typeof summary>>>][] = [
    [
      'YAML, all keys',
      'nonMasqueradeCIDRs:\n  - 172.16.0.0/12\n  - 10.0.0.0/8\ncidrLimit: 64\nmasqLinkLocal: true\nmasqLinkLocalIPv6: true\nresyncInterval: 5s\n',
      {
        cidrs: ['172.16.0.0/12', '10.0.0.0/8'],
        masqLinkLocal: true,
        masqLinkLocalIPv6: true,
        ignored: ['resyncInterval', 'cidrLimit'],
      },
    ],
    ['YAML, only nonMasqueradeCIDRs', 'nonMasqueradeCIDRs: [192.168.0.0/16]', { cidrs: ['192.168.0.0/16'] }],
    ['YAML, only masqLinkLocal', 'masqLinkLocal: true', { masqLinkLocal: true }],
    ['YAML, only resyncInterval', 'resyncInterval: 5m', { ignored: ['resyncInterval'] }],
    [
      'JSON, all keys',
      '{"nonMasqueradeCIDRs": ["172.16.0.0/12", "10.0.0.0/8", "fc00::/7"], "masqLinkLocal": true, "resyncInterval": "5s"}',
      {
        cidrs: ['172.16.0.0/12', '10.0.0.0/8', 'fc00::/7'],
        masqLinkLocal: true,
        ignored: ['resyncInterval'],
      },
    ],
    [
      'JSON, only nonMasqueradeCIDRs',
      '{"nonMasqueradeCIDRs": ["192.168.0.0/16"]}',
      { cidrs: ['192.168.0.0/16'] },
    ],
    ['JSON, only masqLinkLocal', '{"masqLinkLocal": true}', { masqLinkLocal: true }],
    ['JSON, only resyncInterval', '{"resyncInterval": "5m"}', { ignored: ['resyncInterval'] }],
    ['an empty list', 'nonMasqueradeCIDRs: []', { cidrs: [] }],
    ['an empty file', '', {}],
    ['a comment', '# nothing yet\n', {}],
    ['an empty object', '{}', {}],
    ['YAML 1.1 booleans', 'masqLinkLocal: yes', { masqLinkLocal: true }],
    [
      'keys in lower case, as Azure’s merger writes them',
      'nonmasqueradecidrs: [10.0.0.0/8]\nmasqlinklocal: true',
      { cidrs: ['10.0.0.0/8'], masqLinkLocal: true },
    ],
    [
      'any number of CIDRs',
      `nonMasqueradeCIDRs: [${Array.from({ length: 65 }, (_, i) => `10.${i}.0.0/16`)}]`,
      { cidrs: Array.from({ length: 65 }, (_, i) => `10.${i}.0.0/16`) },
    ],
  ]
  test.each(cases)('%s', async (_, text, expected) => {
    expect(await summary(text)).toEqual({ ...plain, ...expected })
  })
})

describe('values that cannot be used:', () => {
  test.each([
    ['*', 'f: it cannot be read as JSON or YAML: '],
    ['{*', 'f: it cannot be read as JSON or YAML: '],
    ['a: 1\n---\nb: 2', 'f: it has several documents; keep one'],
    [
      'masqLinkLocal: true\nmasqLinkLocal: false',
      'f: it cannot be read as JSON or YAML: line 2, column 1: this map already has this key; keep one of the two',
    ],
    [
      '!!omap [ nonMasqueradeCIDRs: [11.0.0.0/8] ]',
      'f: it cannot be read as JSON or YAML: write a plain map',
    ],
    ['!!set {nonMasqueradeCIDRs}', 'f: it cannot be read as JSON or YAML: write a plain map'],
    ['10.0.0.0/8', 'f: write keys and values, as in "nonMasqueradeCIDRs: [10.0.0.0/8]"'],
    ['- 10.0.0.0/8', 'f: write keys and values'],
    ['nonMasqueradeCIDRs:', 'f: nonMasqueradeCIDRs null: write a list of CIDRs'],
    ['nonMasqueradeCIDRs: 10.0.0.0/8', 'f: nonMasqueradeCIDRs "10.0.0.0/8": write a list of CIDRs'],
    ['nonMasqueradeCIDRs: [abcdefg]', 'f: nonMasqueradeCIDRs[0] "abcdefg": write a CIDR'],
    ['nonMasqueradeCIDRs: [10.0.0.0/8, abcdefg]', 'f: nonMasqueradeCIDRs[1] "abcdefg": write a CIDR'],
    ['nonMasqueradeCIDRs: [10.256.0.0/16]', 'f: nonMasqueradeCIDRs[0] "10.256.0.0/16": write a CIDR'],
    [
      'nonMasqueradeCIDRs: [10.0.0.1/8]',
      'f: nonMasqueradeCIDRs[0] "10.0.0.1/8": write the network "10.0.0.0/8"',
    ],
    ['nonMasqueradeCIDRs:\n- 10.0.0.0/8\n-\n', 'f: nonMasqueradeCIDRs[1] null: write a CIDR as a string'],
    [
      'nonMasqueradeCIDRs:\n- ""\n',
      'f: nonMasqueradeCIDRs[0] "": write a CIDR, as in "10.0.0.0/8", or remove the empty item',
    ],
    [
      '{"nonMasqueradeCIDRs": [null, "172.168.0.0/16"]}',
      'f: nonMasqueradeCIDRs[0] null: write a CIDR as a string',
    ],
    ['masqLinkLocal: "true"', 'f: masqLinkLocal "true": write true or false'],
    ['masqLinkLocal:', 'f: masqLinkLocal null: write true or false'],
    [
      'nonMasqueradeCIDR: []',
      'f: line 1, column 1: unknown key "nonMasqueradeCIDR"; write "nonMasqueradeCIDRs" if that is meant, or remove it',
    ],
    [
      'masqLinkLocal: true\nmasqlinklocal: false',
      'f: line 2, column 1: the file already has masqLinkLocal in another spelling; keep one of the two',
    ],
  ])('%j', async (text, message) => {
    await expect(parseAgentFile(text, 'f')).rejects.toMatchObject({
      reason: 'invalidConfig',
      message: expect.stringContaining(`Cannot use ${message}`),
    })
  })
})

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ip-masq-sources-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const write = (name: string, text: string) => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

const read = async (config: Record<string, unknown>) => {
  const settings = await readSettings(config)
  const [intent, warnings] = [intentOf(settings, ''), warningsOf(settings)]
  return {
    cidrs: intent.nonMasqueradeCIDRs?.flatMap(prefixesIn).map(formatPrefix),
    flags: [intent.masqLinkLocal, intent.masqLinkLocalIPv6],
    warnings,
  }
}

const failure = async (config: Record<string, unknown>) => {
  try {
    await readSettings(config)
  } catch (error) {
    return error
  }
  return 'accepted'
}

describe('several files:', () => {
  test('lists are joined, switches that are on anywhere are on', async () => {
    write('ip-masq-1.json', '{"nonMasqueradeCIDRs": ["172.16.0.0/12", "10.0.0.0/8", "fc00::/7"]}')
    write('ip-masq-2.json', '{"nonMasqueradeCIDRs": ["1.0.0.0/8", "10.0.0.0/8"], "masqLinkLocal": true}')
    write('ip-masq-3.yaml', 'masqLinkLocalIPv6: true')
    expect(await read({ configFiles: [`${directory}/ip-masq*`] })).toEqual({
      cidrs: ['172.16.0.0/12', '10.0.0.0/8', 'fc00::/7', '1.0.0.0/8', '10.0.0.0/8'],
      flags: [true, true],
      warnings: [],
    })
  })

  test('after the list in the conflist', async () => {
    const file = write('a', 'nonMasqueradeCIDRs: [10.0.0.0/8]')
    const config = { configFiles: [file], nonMasqueradeCIDRs: ['fd00::/8'], masqLinkLocal: true }
    expect(await read(config)).toMatchObject({ cidrs: ['fd00::/8', '10.0.0.0/8'], flags: [true, false] })
  })

  test('those of a glob by name, in the order of the entries, each once', async () => {
    write('b.yaml', 'nonMasqueradeCIDRs: [2.0.0.0/8]')
    write('a.yaml', 'nonMasqueradeCIDRs: [1.0.0.0/8]')
    write('c.conf', 'nonMasqueradeCIDRs: [3.0.0.0/8]')
    const configFiles = [join(directory, 'c.conf'), `${directory}/*`, join(directory, 'a.yaml')]
    expect((await read({ configFiles })).cidrs).toEqual(['3.0.0.0/8', '1.0.0.0/8', '2.0.0.0/8'])
  })

  test('files without a list leave the default list, one with an empty list does not', async () => {
    const file = write('a.yaml', 'masqLinkLocal: true')
    expect((await read({ configFiles: [file] })).cidrs).toBeUndefined()
    write('b.yaml', 'nonMasqueradeCIDRs: []')
    expect((await read({ configFiles: [`${directory}/*.yaml`] })).cidrs).toEqual([])
  })

  test('one that is bad spoils it all, and is named', async () => {
    write('ip-masq-0', 'nonMasqueradeCIDRs: [10.0.0.0/8]')
    const bad = write('ip-masq-1', 'nonMasqueradeCIDRs: [10.0.0.4/8]')
    expect(await failure({ configFiles: [`${directory}/ip-masq-*`] })).toMatchObject({
      reason: 'invalidConfig',
      message: `Cannot use configFiles[0] "${bad}": nonMasqueradeCIDRs[0] "10.0.0.4/8": write the network "10.0.0.0/8", or "10.0.0.4/32" for the one address`,
    })
  })

  test('files that no glob matches are nobody’s business', async () => {
    write('bad-prefix', 'nonMasqueradeCIDRs: [4.4.0.0/8]')
    expect(await read({ configFiles: [`${directory}/ip-masq-*`] })).toEqual({
      cidrs: undefined,
      flags: [false, false],
      warnings: [],
    })
  })

  test('a ConfigMap as kubelet mounts it: links into a hidden directory', async () => {
    mkdirSync(join(directory, '..2026'))
    symlinkSync('..2026', join(directory, '..data'))
    write('..2026/config', 'nonMasqueradeCIDRs: [10.0.0.0/8]')
    symlinkSync('..data/config', join(directory, 'config'))
    expect((await read({ configFiles: [`${directory}/*`] })).cidrs).toEqual(['10.0.0.0/8'])
    expect((await read({ configFiles: [join(directory, 'config')] })).cidrs).toEqual(['10.0.0.0/8'])
  })

  test('a name that looks like a glob and is there', async () => {
    const file = write('a[1].yaml', 'nonMasqueradeCIDRs: [10.0.0.0/8]')
    expect((await read({ configFiles: [file] })).cidrs).toEqual(['10.0.0.0/8'])
  })

  test('a key that is ignored is reported, with the file', async () => {
    const file = write('a', 'cidrLimit: 64')
    expect((await read({ configFiles: [file] })).warnings).toEqual([
      `cidrLimit of ${file} is ignored: the number of CIDRs has no limit`,
    ])
  })

  test('missing, a directory, or nothing that a path can be', async () => {
    expect(await failure({ configFiles: [`${directory}/x`] })).toMatchObject({
      reason: 'invalidConfig',
      message: `Cannot use configFiles[0] "${directory}/x": there is no such file`,
    })
    expect(await failure({ configFiles: [directory] })).toMatchObject({
      reason: 'invalidConfig',
      message: `Cannot use configFiles[0] "${directory}": it is a directory; write "${directory}/*" for the files in it`,
    })
    expect(await failure({ configFiles: [`${directory}/`] })).toMatchObject({
      message: `Cannot use configFiles[0] "${directory}/": it is a directory; write "${directory}/*" for the files in it`,
    })
    expect(await failure({ configFiles: [`${directory}/my file (old).yaml`] })).toMatchObject({
      message: `Cannot use configFiles[0] "${directory}/my file (old).yaml": there is no such file`,
    })
    expect(await failure({ configFiles: [`/${'*'.repeat(70_000)}`] })).toMatchObject({
      reason: 'invalidConfig',
    })
    expect(await failure({ configFiles: ['/a\0b'] })).toMatchObject({ reason: 'invalidConfig' })
  })
})

describe('contradictions', () => {
  test('the same prefix exempt in a file, and not so in the conflist', async () => {
    const file = write('a', 'nonMasqueradeCIDRs: [10.0.0.0/8]')
    const settings = await readSettings({ configFiles: [file], masqueradeCIDRs: ['fd00::/8', '10.0.0.0/8'] })
    expect(() => intentOf(settings, '')).toThrow(
      `Cannot use masqueradeCIDRs[1] "10.0.0.0/8": ${file} has the same prefix; remove one of the two`,
    )
  })

  test.each([
    [{ runtimeConfig: { nonMasqueradeCIDRs: ['10.0.0.0/8'] } }, "the pod's own nonMasqueradeCIDRs has"],
    [
      {
        policies: [{ name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', ExceptionList: ['10.0.0.0/8'] } }],
      },
      'policies[0] has',
    ],
  ])('%j', async (keys, message) => {
    const settings = await readSettings({ ...keys, masqueradeCIDRs: ['10.0.0.0/8'] })
    expect(() => intentOf(settings, '')).toThrow(message)
  })

  test('also where a list of the pod’s own stands instead: whether a conflist is right is no matter of the pod', async () => {
    const settings = await readSettings({
      runtimeConfig: { nonMasqueradeCIDRs: [] },
      nonMasqueradeCIDRs: ['10.0.0.0/8'],
      masqueradeCIDRs: ['10.0.0.0/8'],
    })
    expect(() => intentOf(settings, '')).toThrow('nonMasqueradeCIDRs has the same prefix')
  })
})

describe("flannel's subnet.env", () => {
  const exempt = async (text: string, keys = {}) => {
    const file = write('subnet.env', text)
    const settings = await readSettings({ flannelSubnetFile: file, ...keys })
    const [intent, warnings] = [intentOf(settings, ''), warningsOf(settings)]
    const { ip, ip6 } = decidePolicy(intent, []).families
    return { ranges: [ip, ip6].flatMap((one) => rangesIn(one?.exempt ?? [])).map(formatRange), warnings }
  }

  test('its networks are exempt beside the default list', async () => {
    const { ranges, warnings } = await exempt(
      'FLANNEL_NETWORK=100.64.0.0/16\nFLANNEL_SUBNET=100.64.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n',
    )
    expect(ranges).toContain('100.64.0.0/16')
    expect(ranges).toContain('10.0.0.0/8')
    expect(warnings).toEqual([])
  })

  test.each([
    ['FLANNEL_NETWORK=100.64.0.0/16,100.80.0.0/16', ['100.64.0.0/16', '100.80.0.0/16']],
    ['FLANNEL_IPV6_NETWORK=2001:db8:42::/56', ['2001:db8:42::/56']],
    ['FLANNEL_NETWORK=\nFLANNEL_IPV6_NETWORK=2001:db8:42::/56', ['2001:db8:42::/56']],
    ['export FLANNEL_NETWORK="100.64.0.0/16"\r\n', ['100.64.0.0/16']],
    ['# x\nFLANNEL_NETWORK=100.64.0.0/16, 100.80.0.0/16\n', ['100.64.0.0/16', '100.80.0.0/16']],
  ])('%j', async (text, expected) => {
    expect((await exempt(text, { nonMasqueradeCIDRs: [] })).ranges).toEqual(expect.arrayContaining(expected))
  })

  test('masqueradeCIDRs win over them', async () => {
    const { ranges } = await exempt('FLANNEL_NETWORK=100.64.0.0/16', { masqueradeCIDRs: ['100.64.0.0/16'] })
    expect(ranges).not.toContain('100.64.0.0/16')
  })

  test('a flanneld that masquerades is told, with the remedy', async () => {
    const { warnings } = await exempt('FLANNEL_NETWORK=100.64.0.0/16\nFLANNEL_IPMASQ=true')
    expect(warnings).toEqual([
      expect.stringContaining('start it with --ip-masq=false, or write "pinExemptions": true'),
    ])
  })

  test('pinExemptions is a remedy: nothing is left to tell', async () => {
    const text = 'FLANNEL_NETWORK=100.64.0.0/16\nFLANNEL_IPMASQ=true'
    expect((await exempt(text, { pinExemptions: true })).warnings).toEqual([])
  })

  test.each([
    ['', 'it has neither FLANNEL_NETWORK nor FLANNEL_IPV6_NETWORK; check that flanneld runs'],
    ['FLANNEL_NETWORK=10.244.0.1/16', 'FLANNEL_NETWORK "10.244.0.1/16": write the network "10.244.0.0/16"'],
    ['FLANNEL_IPV6_NETWORK=x', 'FLANNEL_IPV6_NETWORK "x": write a CIDR'],
  ])('%j is refused', async (text, message) => {
    const file = write('subnet.env', text)
    expect(await failure({ flannelSubnetFile: file })).toMatchObject({
      reason: 'invalidConfig',
      message: expect.stringContaining(`Cannot use flannelSubnetFile "${file}": ${message}`),
    })
  })

  test('false reads nothing', async () => {
    expect(await failure({ flannelSubnetFile: false })).toBe('accepted')
  })
})

describe('what is exempt then', () => {
  const exempt = async (text: string, keys = {}) => {
    const file = write('agent', text)
    const intent = intentOf(await readSettings({ configFiles: [file], ...keys }), '')
    const { families } = decidePolicy(intent, [])
    const texts = (one: FamilyPolicy | undefined) => one && rangesIn(one.exempt).map(formatRange)
    return { ip: texts(families.ip), ip6: texts(families.ip6) }
  }
  const built = ['224.0.0.0/4', '255.255.255.255/32']

  test('an empty list: link-local and the other built-ins', async () => {
    expect(await exempt('nonMasqueradeCIDRs: []')).toEqual({
      ip: ['169.254.0.0/16', ...built],
      ip6: ['fe80::/10', 'ff00::/8'],
    })
  })

  test('a mixed list: each family has its own', async () => {
    expect(await exempt('nonMasqueradeCIDRs: [10.244.0.0/16, fc00::/7]')).toEqual({
      ip: ['10.244.0.0/16', '169.254.0.0/16', ...built],
      ip6: ['fc00::/7', 'fe80::/10', 'ff00::/8'],
    })
  })

  test('link-local is switched off family by family', async () => {
    expect(await exempt('nonMasqueradeCIDRs: []\nmasqLinkLocalIPv6: true')).toEqual({
      ip: ['169.254.0.0/16', ...built],
      ip6: ['ff00::/8'],
    })
    expect((await exempt('nonMasqueradeCIDRs: []\nmasqLinkLocal: true')).ip).toEqual(built)
  })

  test('no list: the defaults, or the reserved ones', async () => {
    expect((await exempt('')).ip).toEqual([
      ...['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
      ...built,
    ])
    expect((await exempt('', { nonMasqueradeDefaults: 'reserved' })).ip).toContain('198.18.0.0/15')
  })
})
