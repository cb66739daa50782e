import { describe, expect, test } from 'vitest'
import { parseNetworkName } from '../../src/config/network-name'
import { parseConfig } from '../../src/config/parse'
import { NO_SOURCES } from '../../src/config/settings'
import { warningsOf } from '../../src/config/warnings'
import { formatPrefix } from '../../src/policy/prefix'
import { prefixesIn } from '../../src/policy/prefixes'

const refusal = (config: Record<string, unknown>) => {
  try {
    parseConfig(config)
  } catch (error) {
    return error
  }
  return 'accepted'
}

describe('an empty config', () => {
  test('has the defaults', () => {
    expect(parseConfig({})).toEqual({
      nonMasqueradeDefaults: 'private',
      masqueradeCIDRs: [],
      masqLinkLocal: false,
      masqLinkLocalIPv6: false,
      ipv4: true,
      ipv6: true,
      randomFully: true,
      toPorts: [],
      snatTo: {},
      outInterfaces: [],
      pinExemptions: false,
      repairOnCheck: true,
      policies: [],
      configFiles: [],
      flannelSubnetFile: false,
      exceptNamespaces: [],
      exceptPodCIDRs: [],
      podLists: 'runtimeConfig',
      backend: 'auto',
      carrier: 'auto',
    })
  })
})

describe('nonMasqueradeCIDRs', () => {
  test('takes both families, duplicates, overlaps and everything', () => {
    const list = ['10.0.0.0/8', 'fd00::/8', '10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '::/0']
    const { nonMasqueradeCIDRs = [] } = parseConfig({ nonMasqueradeCIDRs: list })
    expect(prefixesIn(nonMasqueradeCIDRs).map(formatPrefix)).toEqual(list)
  })

  test('may be empty, which is not the same as absent', () => {
    expect(parseConfig({ nonMasqueradeCIDRs: [] }).nonMasqueradeCIDRs).toEqual([])
    expect(parseConfig({}).nonMasqueradeCIDRs).toBeUndefined()
  })

  const list = 'write a list of CIDRs, as in ["10.0.0.0/8", "fd00::/8"]'
  const rest = ', [] to exempt none, or leave the key out for the default'
  const cases: [unknown, string][] = [
    [null, `Cannot use nonMasqueradeCIDRs null: ${list}${rest}`],
    ['10.0.0.0/8', `Cannot use nonMasqueradeCIDRs "10.0.0.0/8": ${list}${rest}`],
    [{ ip: [] }, `Cannot use nonMasqueradeCIDRs {"ip":[]}: ${list}${rest}`],
    [[8], 'Cannot use nonMasqueradeCIDRs[0] 8: write a CIDR as a string, as in "10.0.0.0/8"'],
    [
      ['10.0.0.0/8', null],
      'Cannot use nonMasqueradeCIDRs[1] null: write a CIDR as a string, as in "10.0.0.0/8"',
    ],
    [
      ['10.0.0.0/8', ''],
      'Cannot use nonMasqueradeCIDRs[1] "": write a CIDR, as in "10.0.0.0/8", or remove the empty item',
    ],
    [
      ['10.0.0.0/8', '10.1/8'],
      'Cannot use nonMasqueradeCIDRs[1] "10.1/8": write all four octets, as in "10.0.0.0/8"',
    ],
    [
      ['::ffff:10.0.0.0/104'],
      'Cannot use nonMasqueradeCIDRs[0] "::ffff:10.0.0.0/104": write the IPv4 form, "10.0.0.0", with an IPv4 prefix length',
    ],
  ]
  test.each(cases)('refuses %j', (value, message) => {
    expect(refusal({ nonMasqueradeCIDRs: value })).toMatchObject({ reason: 'invalidConfig', message })
  })
})

describe('the other keys', () => {
  const list = 'write a list of CIDRs, as in ["10.0.0.0/8", "fd00::/8"], or leave the key out'
  const interfaces = 'write a list of interfaces, as in ["eth0", "bond+"], or leave the key out for all'
  const name = 'write the name of an interface: at most 15 bytes, without "/", ":", quotes and white space'
  const snatTo = 'write an object, as in { "ipv4": "192.0.2.10", "ipv6": "2001:db8::10" }'
  const ipv4 = 'write IPv4 addresses, as in "192.0.2.10" or "192.0.2.10-192.0.2.13"'
  const namespace =
    'write a namespace, as in "kube-system", or "team-*": lower-case letters, digits and "-", at most 63'
  const path = 'write an absolute path, as in "/etc/config/ip-masq-agent"'
  const flannel = 'write true for /run/flannel/subnet.env, an absolute path, or false'
  const cases: [string, unknown, string, string][] = [
    ['masqLinkLocal', 'yes', '', 'write true or false'],
    ['masqLinkLocalIPv6', null, '', 'write true or false'],
    ['randomFully', 1, '', 'write true or false'],
    ['ipv4', 'true', '', 'write true or false'],
    ['ipv6', 0, '', 'write true or false'],
    ['pinExemptions', null, '', 'write true or false'],
    ['repairOnCheck', 'no', '', 'write true or false'],
    ['onlyPodCIDRs', [], '', 'write at least one CIDR, or leave the key out for all'],
    ['exceptPodCIDRs', null, '', list],
    [
      'exceptPodCIDRs',
      ['10.244.1.7/24'],
      '[0]',
      'write the network "10.244.1.0/24", or "10.244.1.7/32" for the one address',
    ],
    ['podLists', true, '', 'write "runtimeConfig", "args", "both" or "none"'],
    ['backend', 'ipvs', '', 'write "auto", "nftables" or "iptables"'],
    ['nonMasqueradeDefaults', 'all', '', 'write "private" or "reserved"'],
    ['masqueradeCIDRs', null, '', list],
    ['masqueradeCIDRs', '10.0.0.0/8', '', list],
    [
      'masqueradeCIDRs',
      ['fd00::/8', '10.0.0.1/8'],
      '[1]',
      'write the network "10.0.0.0/8", or "10.0.0.1/32" for the one address',
    ],
    ['toPorts', 1024, '', 'write ports as a string, as in "1024-29999,32768-65535"'],
    ['toPorts', '', '', 'write ports or ranges of ports, as in "1024-29999,32768-65535"'],
    ['toPorts', '0-80', '', 'write ports from 1 to 65535'],
    ['toPorts', '80-90,85', '', 'write each port once; 80-90 and 85 overlap'],
    ['snatTo', '192.0.2.1', '', snatTo],
    ['snatTo', null, '', snatTo],
    ['snatTo', { ip: '192.0.2.1' }, '.ip', 'unknown key; write "ipv4" if that is meant, or remove it'],
    ['snatTo', { ipv4: '' }, '.ipv4', 'write an address, as in "10.0.0.1" or "fd00::1"'],
    ['snatTo', { ipv4: '192.0.2.0/24' }, '.ipv4', 'write an address, as in "10.0.0.1" or "fd00::1"'],
    ['snatTo', { ipv4: '2001:db8::1' }, '.ipv4', ipv4],
    ['snatTo', { ipv4: '192.0.2.1-2001:db8::1' }, '.ipv4', ipv4],
    ['snatTo', { ipv4: '192.0.2.1-192.0.2.2-192.0.2.3' }, '.ipv4', ipv4],
    ['snatTo', { ipv4: '192.0.2.2-192.0.2.1' }, '.ipv4', 'write the lower address first'],
    [
      'snatTo',
      { ipv4: '0.0.0.0' },
      '.ipv4',
      'write an address of the node; an address in 0.0.0.0/8 cannot be a source address',
    ],
    [
      'snatTo',
      { ipv4: '126.0.0.1-128.0.0.1' },
      '.ipv4',
      'write an address of the node; a loopback address cannot be a source address',
    ],
    [
      'snatTo',
      { ipv6: 'ff02::1' },
      '.ipv6',
      'write an address of the node; a multicast address cannot be a source address',
    ],
    [
      'snatTo',
      { ipv6: '::1' },
      '.ipv6',
      'write an address of the node; an address in ::/96 cannot be a source address',
    ],
    ['outInterfaces', [], '', interfaces],
    ['outInterfaces', 'eth0', '', interfaces],
    ['outInterfaces', ['eth0', 7], '[1]', 'write an interface as a string, as in "eth0" or "bond+"'],
    [
      'outInterfaces',
      ['+'],
      '[0]',
      'write a name before the wildcard, as in "bond+", or leave outInterfaces out for all interfaces',
    ],
    [
      'outInterfaces',
      ['*'],
      '[0]',
      'write a name before the wildcard, as in "bond+", or leave outInterfaces out for all interfaces',
    ],
    ['outInterfaces', ['bo+nd'], '[0]', 'write "+" or "*" at the end only, as in "bond+"'],
    ['outInterfaces', ['bond++'], '[0]', 'write "+" or "*" at the end only, as in "bond+"'],
    ['outInterfaces', [''], '[0]', 'write an interface, as in "eth0" or "bond+"'],
    ['outInterfaces', ['eth0 '], '[0]', name],
    ['outInterfaces', ['abcdefghijklmnop'], '[0]', name],
    ['outInterfaces', ['abcdefghijklmno+'], '[0]', name],
    ['outInterfaces', ['a"; flush ruleset'], '[0]', name],
    ['outInterfaces', ['a\\'], '[0]', name],
    ['outInterfaces', ['a\n'], '[0]', name],
    ['outInterfaces', ['..'], '[0]', name],
    ['onlyNamespaces', [], '', 'write at least one namespace, or leave the key out for all'],
    [
      'onlyNamespaces',
      'shop',
      '',
      'write a list of namespaces, as in ["shop", "team-*"], or leave the key out for all',
    ],
    [
      'exceptNamespaces',
      null,
      '',
      'write a list of namespaces, as in ["shop", "team-*"], or leave the key out',
    ],
    ['onlyNamespaces', ['Shop'], '[0]', namespace],
    ['onlyNamespaces', ['a_b'], '[0]', namespace],
    ['onlyNamespaces', [''], '[0]', namespace],
    ['onlyNamespaces', ['-a*'], '[0]', namespace],
    ['exceptNamespaces', ['x', '*-prod'], '[1]', 'write "*" at the end only, as in "team-*"'],
    ['exceptNamespaces', ['team-**'], '[0]', 'write "*" at the end only, as in "team-*"'],
    [
      'configFiles',
      '/etc/config',
      '',
      'write a list of paths, as in ["/etc/config/*"], or leave the key out',
    ],
    ['configFiles', ['config/*'], '[0]', path],
    ['configFiles', [''], '[0]', path],
    ['configFiles', [null], '[0]', 'write an absolute path'],
    ['flannelSubnetFile', 'subnet.env', '', flannel],
    ['flannelSubnetFile', null, '', flannel],
    ['flannelSubnetFile', '', '', flannel],
  ]
  test.each(cases)('%s refuses %j', (key, value, path, advice) => {
    const steps = path.match(/[^.[\]]+/g) ?? []
    const quoted = JSON.stringify(steps.reduce<unknown>((inner, step) => Object(inner)[step], value))
    expect(refusal({ [key]: value })).toMatchObject({
      reason: 'invalidConfig',
      message: `Cannot use ${key}${path} ${quoted}: ${advice}`,
    })
  })

  test.each([
    {
      outInterfaces: ['eth0', 'bond+', 'wlan*', 'é0', 'abcdefghijklmno', 'abcdefghijklmn+', '-o', 'eth0.100'],
    },
    { onlyNamespaces: ['*'], exceptNamespaces: [] },
    { onlyNamespaces: ['a', '0-9', 'team-*'] },
    { snatTo: {} },
    { snatTo: { ipv4: '192.0.2.1-192.0.2.1', ipv6: '2001:db8::1-2001:db8::ff' } },
    { flannelSubnetFile: true },
    { policies: [] },
    { configFiles: [] },
    { $schema: './ip-masq.schema.json' },
  ])('%j is accepted', (config) => {
    expect(refusal(config)).toBe('accepted')
  })
})

describe("a pod's own list", () => {
  const podCIDRs = (config: Record<string, unknown>) => parseConfig(config).podCIDRs?.map(formatPrefix)
  const one = { nonMasqueradeCIDRs: ['192.0.2.0/24'] }
  const other = { nonMasqueradeCIDRs: ['198.51.100.0/24'] }

  const [oneIs, otherIs] = [['192.0.2.0/24'], ['198.51.100.0/24']]
  const [RUNTIME, ARGS] = ['runtimeConfig.nonMasqueradeCIDRs', 'args.cni.nonMasqueradeCIDRs']

  test.each<[string | undefined, string[] | undefined, string[] | undefined]>([
    [undefined, oneIs, [ARGS]],
    ['runtimeConfig', oneIs, [ARGS]],
    ['args', otherIs, [RUNTIME]],
    ['both', oneIs, undefined],
    ['none', undefined, [RUNTIME, ARGS]],
  ])('with podLists %s, of both lists %j counts', (podLists, expected, ignored) => {
    const config = parseConfig({ podLists, runtimeConfig: one, args: { cni: other } })
    expect(config.podCIDRs?.map(formatPrefix)).toEqual(expected)
    expect(config.ignoredPodLists).toEqual(ignored)
  })

  test('args count where there is nothing better', () => {
    expect(podCIDRs({ podLists: 'both', args: { cni: other } })).toEqual(otherIs)
    expect(
      podCIDRs({ podLists: 'both', runtimeConfig: { nonMasqueradeCIDRs: [] }, args: { cni: other } }),
    ).toEqual([])
    expect(podCIDRs({ args: { cni: other } })).toBeUndefined()
  })

  test('one that does not count is not read, but named in a warning', () => {
    const config = parseConfig({ args: { cni: { nonMasqueradeCIDRs: ['nonsense'] } } })
    expect(warningsOf({ config, sources: NO_SOURCES })).toEqual([
      'args.cni.nonMasqueradeCIDRs is ignored: write "podLists": "args" or "both" in the conflist to let pods have lists of their own there',
    ])
  })

  test('has at most 1,000 prefixes', () => {
    const list = (length: number) => ({
      nonMasqueradeCIDRs: Array.from({ length }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`),
    })
    expect(podCIDRs({ runtimeConfig: list(1000) })).toHaveLength(1000)
    expect(refusal({ runtimeConfig: list(1001) })).toMatchObject({
      reason: 'invalidConfig',
      message:
        'Cannot use runtimeConfig.nonMasqueradeCIDRs: it has 1001 prefixes; write at most 1000 for one pod',
    })
    expect(refusal({ podLists: 'both', args: { cni: list(1001) } })).toMatchObject({
      message: 'Cannot use args.cni.nonMasqueradeCIDRs: it has 1001 prefixes; write at most 1000 for one pod',
    })
  })

  test.each([
    {},
    { runtimeConfig: { ips: ['10.0.0.1'], portMappings: [] } },
    { runtimeConfig: null, args: null },
    { runtimeConfig: 7, args: 'x' },
    { args: { labels: [] } },
    { args: { cni: 7 } },
  ])('none in %j', (config) => {
    expect(podCIDRs(config)).toBeUndefined()
  })

  test.each<[Record<string, unknown>, string]>([
    [
      { runtimeConfig: { nonMasqueradeCIDRs: null } },
      'runtimeConfig.nonMasqueradeCIDRs null: write a list of CIDRs',
    ],
    [
      { runtimeConfig: { nonMasqueradeCIDRs: ['10/8'] } },
      'runtimeConfig.nonMasqueradeCIDRs[0] "10/8": write all four octets',
    ],
    [
      { podLists: 'args', args: { cni: { nonMasqueradeCIDRs: '' } } },
      'args.cni.nonMasqueradeCIDRs "": write a list of CIDRs',
    ],
    [
      {
        podLists: 'both',
        runtimeConfig: { nonMasqueradeCIDRs: ['192.0.2.0/24'] },
        args: { cni: { nonMasqueradeCIDRs: [8] } },
      },
      'args.cni.nonMasqueradeCIDRs[0] 8: write a CIDR as a string',
    ],
  ])('%j is refused', (config, message) => {
    expect(refusal(config)).toMatchObject({
      reason: 'invalidConfig',
      message: expect.stringContaining(`Cannot use ${message}`),
    })
  })
})

describe('keys', () => {
  test('of the spec and of libcni are left to them', () => {
    const foreign = {
      cniVersion: '1.0.0',
      name: 'cbr0',
      type: 'ip-masq',
      prevResult: {},
      runtimeConfig: { ips: [] },
      capabilities: { ips: true },
      args: { cni: {} },
      ipam: {},
      dns: {},
      'cni.dev/attachments': [],
    }
    expect(refusal(foreign)).toBe('accepted')
  })

  test.each([
    ['nonMasqCIDRs', ['10.0.0.0/8'], 'nonMasqueradeCIDRs'],
    ['NonMasqueradeCidrs', [], 'nonMasqueradeCIDRs'],
    ['masqLinkLocalIPV6', true, 'masqLinkLocalIPv6'],
    ['random-fully', true, 'randomFully'],
  ])('of nobody are refused: %s', (key, value, known) => {
    expect(refusal({ [key]: value })).toMatchObject({
      reason: 'unsupportedKey',
      message: `Cannot use ${key} ${JSON.stringify(value)}: unknown key; write "${known}" if that is meant, or remove it`,
    })
  })

  test.each([
    ['ipMasq', true, 'bridge or ptp'],
    ['isGateway', true, 'bridge'],
    ['delegate', {}, 'flannel'],
    ['snat', true, 'portmap'],
    ['mtu', 1500, 'bridge, ptp, macvlan or ipvlan'],
    ['ingressPolicy', 'same-bridge', 'firewall'],
    ['sysctl', {}, 'tuning'],
    ['ipMasqNetwork', '10.0.0.0/8', 'win-bridge or win-overlay'],
  ])('of a neighbour are named as such: %s', (key, value, owner) => {
    expect(refusal({ [key]: value })).toMatchObject({
      reason: 'unsupportedKey',
      message: `Cannot use ${key} ${JSON.stringify(value)}: it is a key of ${owner}; write it into that plugin's part of the conflist, or remove it`,
    })
  })

  test.each(['plugins', 'cniVersions'])('of the conflist too: %s', (key) => {
    expect(refusal({ [key]: [] })).toMatchObject({
      message: `Cannot use ${key} []: it is a key of the conflist; write it next to "plugins", or remove it`,
    })
  })

  test('that JavaScript objects have by nature are unknown too', () => {
    expect(refusal(JSON.parse('{"__proto__": 1}'))).toMatchObject({ reason: 'unsupportedKey' })
    expect(refusal({ constructor: 1 })).toMatchObject({ reason: 'unsupportedKey' })
  })
})

describe('name', () => {
  test.each(['cbr0', 'k8s-pod-network', '0.a_b'])('may be %s', (name) => {
    expect(parseNetworkName({ name })).toBe(name)
  })

  test.each([undefined, null, 7, '', '-a', 'a b', 'a"; flush ruleset', 'é'])('may not be %j', (name) => {
    expect(() => parseNetworkName({ name })).toThrow(/^Cannot use name .*: use letters, digits/)
  })
})
