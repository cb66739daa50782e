import { describe, expect, test } from 'vitest'
import { convert } from '../../src/convert/convert'

const IPV6 =
  'IPv6: ip-masq masquerades it, and ip-masq-agent does so only with --enable-ipv6; add "ipv6": false if your agent runs without that'

describe('ip-masq-agent', () => {
  test('its config', async () => {
    const text =
      'nonMasqueradeCIDRs: [10.0.0.0/8, 172.16.0.0/12, 10.0.0.0/8]\nmasqLinkLocal: true\nmasqLinkLocalIPv6: no\nresyncInterval: 60s\ncidrLimit: 64\n'
    expect(await convert(text)).toEqual({
      plugin: { type: 'ip-masq', nonMasqueradeCIDRs: ['10.0.0.0/8', '172.16.0.0/12'], masqLinkLocal: true },
      notes: [
        'left out: resyncInterval, which has no effect in ip-masq',
        'left out: cidrLimit, which has no effect in ip-masq',
        IPV6,
      ],
    })
  })

  test('JSON, without a list: the default list stands here too', async () => {
    expect(await convert('{"masqLinkLocalIPv6": true}')).toEqual({
      plugin: { type: 'ip-masq', masqLinkLocalIPv6: true },
      notes: [IPV6],
    })
  })

  const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: ip-masq-agent
data:
  config: |
    nonMasqueradeCIDRs:
      - 10.0.0.0/8
  more: '{"nonMasqueradeCIDRs": ["fd00::/8"]}'
`
  test('its ConfigMap, each key a file', async () => {
    expect(await convert(configMap)).toEqual({
      plugin: { type: 'ip-masq', nonMasqueradeCIDRs: ['10.0.0.0/8', 'fd00::/8'] },
      notes: [IPV6],
    })
  })

  const daemonSet = (...args: string[]) => `---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec: { template: { spec: { containers: [{ name: proxy, args: [--x=y] }, { name: agent, image: r/ip-masq-agent:v2.12.0, args: ${JSON.stringify(args)} }] } } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: account }
`
  test('its manifests: flags have keys', async () => {
    const flags = [
      '--nomasq-all-reserved-ranges',
      '--to-ports=1024-29999',
      '--random-fully=false',
      '--masq-chain=X',
    ]
    expect(await convert(daemonSet(...flags))).toEqual({
      plugin: {
        type: 'ip-masq',
        nonMasqueradeDefaults: 'reserved',
        toPorts: '1024-29999',
        randomFully: false,
        ipv6: false,
      },
      notes: ['left out: --masq-chain of DaemonSet agent', 'left out: ServiceAccount account'],
    })
  })

  test.each([
    [
      ['--enable-ipv6=False', '--random-fully=0', '--nomasq-all-reserved-ranges=f'],
      { randomFully: false, ipv6: false },
    ],
    [['--enable-ipv6', '--to-ports', '1024-2047'], { toPorts: '1024-2047' }],
    [
      ['-enable-ipv6=T', '--random-fully', '--nomasq-all-reserved-ranges=1'],
      { nonMasqueradeDefaults: 'reserved' },
    ],
  ])('flags as Go reads them: %j', async (flags, expected) => {
    expect((await convert(daemonSet(...flags))).plugin).toEqual({ type: 'ip-masq', ...expected })
  })

  test('another DaemonSet is none of its', async () => {
    const other = '---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: { name: kube-proxy }\n'
    const { plugin, notes } = await convert(daemonSet('--enable-ipv6') + other)
    expect(plugin).toEqual({ type: 'ip-masq' })
    expect(notes).toContain('left out: DaemonSet kube-proxy')
    await expect(convert(other)).rejects.toThrow('there is no config of ip-masq-agent in it')
  })

  test('ConfigMap and DaemonSet together, with IPv6 on', async () => {
    expect((await convert(configMap + daemonSet('--enable-ipv6=true'))).plugin).toEqual({
      type: 'ip-masq',
      nonMasqueradeCIDRs: ['10.0.0.0/8', 'fd00::/8'],
    })
  })

  test('Tencent’s, which also names pods by their own addresses', async () => {
    const text = `apiVersion: v1
kind: ConfigMap
metadata: { name: ip-masq-agent-config, namespace: kube-system }
data:
  config: |
    NonMasqueradeCIDRs:
      - 192.168.0.0/16
    NonMasqueradeSrcCIDRs:
      - 10.0.0.0/12
    MasqLinkLocal: true
    MasqLinkLocalIPv6: false
    ResyncInterval: 1m0s
`
    expect(await convert(text)).toEqual({
      plugin: {
        type: 'ip-masq',
        nonMasqueradeCIDRs: ['192.168.0.0/16'],
        exceptPodCIDRs: ['10.0.0.0/12'],
        masqLinkLocal: true,
      },
      notes: ['left out: resyncInterval, which has no effect in ip-masq', IPV6],
    })
  })

  const mapOf = (name: string, data: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data,
  })
  const foreign = mapOf('kube-root-ca.crt', { 'ca.crt': '-----BEGIN CERTIFICATE-----\nsecret\n' })

  test.each(['List', 'ConfigMapList'])('of a %s of many ConfigMaps those that are its own', async (kind) => {
    const named = mapOf('azure-ip-masq-agent-config', { 'ip-masq-agent': 'nonMasqueradeCIDRs: [10.0.0.0/8]' })
    const unnamed = mapOf('masq', { config: 'nonMasqueradeCIDRs: [192.168.0.0/16]' })
    const items = [foreign, named, mapOf('empty', {}), unnamed].map(({ apiVersion, kind: own, ...rest }) =>
      kind === 'List' ? { apiVersion, kind: own, ...rest } : rest,
    )
    const { plugin, notes } = await convert(JSON.stringify({ apiVersion: 'v1', kind, items }))
    expect(plugin).toEqual({ type: 'ip-masq', nonMasqueradeCIDRs: ['10.0.0.0/8', '192.168.0.0/16'] })
    expect(notes).toEqual([
      'left out: ConfigMap kube-root-ca.crt, which has no config of ip-masq-agent',
      'left out: ConfigMap empty, which has no config of ip-masq-agent',
      IPV6,
    ])
  })

  test('one that is called so has to be right, whatever stands beside it', async () => {
    const items = [foreign, mapOf('ip-masq-agent', { config: 'nonMasqueradeCIDRs: [10.0.0.1/8]' })]
    await expect(convert(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))).rejects.toThrow(
      'Cannot use ConfigMap ip-masq-agent, config: nonMasqueradeCIDRs[0] "10.0.0.1/8": write the network',
    )
  })

  const egress =
    'apiVersion: networking.gke.io/v1\nkind: EgressNATPolicy\nmetadata: { name: default }\nspec: { action: NoSNAT }\n'
  test.each<[string, string, string]>([
    [
      'one level too much',
      'config:\n  nonMasqueradeCIDRs: [10.0.0.0/8]\n',
      'Cannot use the config: the config is one level too deep, below "config"; write its keys at the top',
    ],
    [
      'another',
      '{"ipMasqAgent": {"NonMasqueradeCIDRs": []}}',
      'Cannot use the config: the config is one level too deep, below "ipMasqAgent"; write its keys at the top',
    ],
    [
      'a ConfigMap’s data alone',
      'config: |\n  nonMasqueradeCIDRs: [10.0.0.0/8]\n',
      'Cannot use the config: the config is the text below "config", as in a ConfigMap; write only that text',
    ],
    [
      'binaryData',
      JSON.stringify({ ...mapOf('ip-masq-agent', {}), binaryData: { config: '//5u' } }),
      'Cannot use ConfigMap ip-masq-agent, config: it is in binaryData, because the original file is not UTF-8; save the file as UTF-8 and create the ConfigMap again',
    ],
    ['GKE’s policy', egress, 'Cannot convert this: EgressNATPolicy default: it is for GKE Dataplane V2'],
    [
      'UTF-16',
      Buffer.from('\ufeffmasqLinkLocal: true', 'utf16le').toString('utf8'),
      'Cannot convert this: it cannot be read as JSON or YAML: it is UTF-16: save it as UTF-8',
    ],
    [
      'UTF-16 without a mark',
      Buffer.from('masqLinkLocal: true', 'utf16le').toString('utf8'),
      'it is UTF-16: save it as UTF-8',
    ],
    [
      'a key twice',
      '{"masqLinkLocal": true, "masqLinkLocal": true}',
      'JSON or YAML: line 1, column 25: this object already has this key',
    ],
    [
      'a foreign ConfigMap alone',
      JSON.stringify(foreign),
      'Cannot use ConfigMap kube-root-ca.crt, ca.crt: write keys and values',
    ],
  ])('%s is refused for what it is', async (_, text, message) => {
    await expect(convert(text)).rejects.toThrow(message)
    await expect(convert(text)).rejects.not.toThrow(/unknown key|if that is meant|secret/)
  })

  test('a byte order mark is no part of the text', async () => {
    expect((await convert('\ufeffmasqLinkLocal: true')).plugin).toEqual({
      type: 'ip-masq',
      masqLinkLocal: true,
    })
  })

  test('a List, as kubectl prints several', async () => {
    const items = [{ apiVersion: 'v1', kind: 'ConfigMap', data: { config: 'nonMasqueradeCIDRs: []' } }]
    expect((await convert(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))).plugin).toEqual({
      type: 'ip-masq',
      nonMasqueradeCIDRs: [],
    })
  })
})

describe('Windows', () => {
  const policy = (value: Record<string, unknown>) => ({
    name: 'EndpointPolicy',
    value: { Type: 'OutBoundNAT', ...value },
  })
  const route = { name: 'EndpointPolicy', value: { Type: 'ROUTE', DestinationPrefix: '10.0.0.0/8' } }

  test('win-bridge, HNS v1', async () => {
    const config = {
      type: 'win-bridge',
      policies: [policy({ ExceptionList: ['192.168.0.0/16', '11.0.0.1'] }), route],
    }
    expect(await convert(JSON.stringify(config))).toEqual({
      plugin: { type: 'ip-masq', nonMasqueradeCIDRs: ['192.168.0.0/16', '11.0.0.1/32'] },
      notes: ['left out: a policy of type ROUTE'],
    })
  })

  test('flannel’s delegate, HCN v2, with all that it may say', async () => {
    const Settings = {
      Exceptions: ['10.0.0.0/8'],
      Destinations: ['203.0.113.0/24'],
      VirtualIP: '192.0.2.1',
      MaxPortPoolUsage: 7,
    }
    const config = {
      plugins: [
        {
          type: 'flannel',
          delegate: { type: 'win-overlay', apiVersion: 2, policies: [policy({ Settings })] },
        },
      ],
    }
    expect(await convert(JSON.stringify(config))).toEqual({
      plugin: {
        type: 'ip-masq',
        nonMasqueradeCIDRs: ['10.0.0.0/8'],
        snatTo: { ipv4: '192.0.2.1' },
        policies: [policy({ Settings: { Destinations: ['203.0.113.0/24'] } })],
      },
      notes: ['left out: Settings.MaxPortPoolUsage'],
    })
  })

  test('win-bridge’s HcnPolicyArgs', async () => {
    const config = {
      cniVersion: '0.2.0',
      name: 'cbr0',
      type: 'flannel',
      delegate: {
        ApiVersion: 2,
        type: 'win-bridge',
        HcnPolicyArgs: [
          {
            Type: 'OutBoundNAT',
            Settings: { Exceptions: ['10.244.0.0/16', '10.96.0.0/12', '192.0.2.0/24'] },
          },
          { Type: 'SDNRoute', Settings: { DestinationPrefix: '10.96.0.0/12', NeedEncap: true } },
        ],
      },
    }
    expect(await convert(JSON.stringify(config))).toEqual({
      plugin: { type: 'ip-masq', nonMasqueradeCIDRs: ['10.244.0.0/16', '10.96.0.0/12', '192.0.2.0/24'] },
      notes: ['left out: a policy of type SDNRoute'],
    })
  })

  test('several policies stay policies, because each acts for itself', async () => {
    const policies = [
      policy({ ExceptionList: ['10.244.0.0/16'] }),
      policy({ Destinations: ['10.244.3.4'], VIP: '192.0.2.1', Settings: { VirtualIP: '2001:db8::1' } }),
    ]
    const { plugin } = await convert(JSON.stringify({ type: 'win-overlay', policies }))
    expect(plugin).toEqual({
      type: 'ip-masq',
      nonMasqueradeCIDRs: [],
      policies: [
        policy({ Settings: { Exceptions: ['10.244.0.0/16'] } }),
        policy({ Settings: { Destinations: ['10.244.3.4/32'], VirtualIP: '192.0.2.1', VIP: '2001:db8::1' } }),
      ],
    })
  })

  test('ipMasqNetwork joins the first policy with exceptions, as win-bridge does it', async () => {
    const policies = [policy({ Destinations: ['10.244.3.4'] }), policy({ ExceptionList: ['192.168.0.0/16'] })]
    const { plugin } = await convert(
      JSON.stringify({ type: 'win-bridge', ipMasqNetwork: '10.244.0.0/16', policies }),
    )
    expect(plugin.policies).toEqual([
      policy({ Settings: { Destinations: ['10.244.3.4/32'] } }),
      policy({ Settings: { Exceptions: ['192.168.0.0/16', '10.244.0.0/16'] } }),
    ])
  })

  test('Azure’s plugin', async () => {
    const AdditionalArgs = [
      { Name: 'EndpointPolicy', Value: { Type: 'OutBoundNAT', ExceptionList: ['10.240.0.0/16'] } },
    ]
    expect(
      (await convert(JSON.stringify({ plugins: [{ type: 'azure-vnet', AdditionalArgs }] }))).plugin,
    ).toEqual({
      type: 'ip-masq',
      nonMasqueradeCIDRs: ['10.240.0.0/16'],
    })
  })

  test('win-bridge’s ipMasqNetwork is an exception, win-overlay’s ipMasq is told', async () => {
    const config = {
      type: 'win-bridge',
      ipMasqNetwork: '10.244.0.0/16',
      policies: [policy({ ExceptionList: ['192.168.0.0/16'] })],
    }
    expect(await convert(JSON.stringify(config))).toMatchObject({
      plugin: { nonMasqueradeCIDRs: ['192.168.0.0/16', '10.244.0.0/16'] },
      notes: [],
    })
    const overlay = {
      type: 'flannel',
      delegate: { type: 'win-overlay', ipMasq: true, policies: [policy({ ExceptionList: [] })] },
    }
    expect((await convert(JSON.stringify(overlay))).notes).toEqual([
      expect.stringMatching(/^left out: ipMasq; /),
    ])
    expect((await convert('{"type": "win-bridge", "ipMasqNetwork": "10.244.0.0/16"}')).plugin).toEqual({
      type: 'ip-masq',
      nonMasqueradeCIDRs: ['10.244.0.0/16'],
    })
  })

  test('without exceptions everything is masqueraded, and that is said', async () => {
    expect(await convert(JSON.stringify({ type: 'x', policies: [policy({})] }))).toEqual({
      plugin: { type: 'ip-masq', nonMasqueradeCIDRs: [] },
      notes: ['there are no exceptions: nonMasqueradeCIDRs is [], and only the built-in exemptions apply'],
    })
  })
})

describe('refused:', () => {
  test.each([
    ['', 'Cannot convert this: the input is empty'],
    ['# nothing\n', 'Cannot convert this: the input is empty'],
    ['text', 'Cannot convert this: give an ip-masq-agent config, its ConfigMap, or a Windows CNI config'],
    ['{a', 'Cannot convert this: it cannot be read as JSON or YAML'],
    [
      'nonMasqueradeCIDRs: &a [*a]',
      'Cannot use the config: nonMasqueradeCIDRs[0] (nested too deeply to print): write a CIDR as a string',
    ],
    ['{"type": "bridge"}', 'Cannot convert this: there is no OutBoundNAT policy in it'],
    [
      '{"apiVersion": "v1", "kind": "Secret"}',
      'Cannot convert this: there is no config of ip-masq-agent in it',
    ],
    [
      'nonMasqueradeCIDRs: [10.0.0.1/8]',
      'Cannot use the config: nonMasqueradeCIDRs[0] "10.0.0.1/8": write the network',
    ],
    [
      '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"config": "nonMasqueradeCIDRs:"}}',
      'Cannot use ConfigMap m, config: nonMasqueradeCIDRs null: write a list of CIDRs',
    ],
    [
      '{"policies": [{"name": "EndpointPolicy", "value": {"Type": "OutBoundNAT", "VIP": "x"}}]}',
      'Cannot use policies[0].value.VIP "x": write an address',
    ],
  ])('%j', async (text, message) => {
    await expect(convert(text)).rejects.toThrow(message)
  })
})
