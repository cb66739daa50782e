import { describe, expect, test } from 'vitest'
import { conflistWith, type Validation, validateFiles } from '../../lab/validation'

/** Configs of ip-masq-agent, manifests, and the files that a config names. */

const judge = async (text: string, file = 'config') => validateFiles({ [file]: text }, { paths: [file] })
const CLEAN = '1 file judged: 0 errors, 0 warnings'

describe('a config of ip-masq-agent:', () => {
  test('YAML and JSON that are right', async () => {
    expect(await judge('nonMasqueradeCIDRs:\n  - 10.0.0.0/8\nmasqLinkLocal: yes\n')).toEqual([CLEAN])
    expect(await judge('{ "nonmasqueradecidrs": ["10.0.0.0/8"] }')).toEqual([CLEAN])
  })

  test('faults in YAML', async () => {
    expect(
      await judge(`# the agent's
nonMasqueradeCIDRs:
  - 10.0.0.0/8   # right
  - "10.1/16"
  - 7
masqLinkLocal: maybe
nonMasqueradeCIDR: []
resyncInterval: 5s
`),
    ).toEqual([
      'config:4:5: error: Cannot use this: nonMasqueradeCIDRs[1] "10.1/16": write all four octets, as in "10.0.0.0/8"',
      'config:5:5: error: Cannot use this: nonMasqueradeCIDRs[2] 7: write a CIDR as a string, as in "10.0.0.0/8"',
      'config:6:1: error: Cannot use this: masqLinkLocal "maybe": write true or false',
      'config:7:1: error: Cannot use this: unknown key "nonMasqueradeCIDR"; write "nonMasqueradeCIDRs" if that is meant, or remove it',
      'config:8:1: warning: resyncInterval is ignored: each ADD and each ip-masq sync reads the file',
      '1 file judged: 4 errors, 1 warning',
    ])
  })

  test('faults in JSON, with keys in another case', async () => {
    expect(await judge('{\n  "nonmasqueradecidrs": ["10.0.0.0/8", "x"],\n  "cidrLimit": 64 }')).toEqual([
      'config:2:40: error: Cannot use this: nonMasqueradeCIDRs[1] "x": write a CIDR, as in "10.0.0.0/8" or "fd00::/8"',
      'config:3:3: warning: cidrLimit is ignored: the number of CIDRs has no limit',
      '1 file judged: 1 error, 1 warning',
    ])
  })

  test('no YAML', async () => {
    expect(await judge('nonMasqueradeCIDRs:\n\t- 10.0.0.0/8\n')).toEqual([
      'config:2:1: error: Cannot read this as JSON or YAML: indent with spaces, without tabs',
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('a key twice, and several documents', async () => {
    expect(await judge('masqLinkLocal: true\nmasqLinkLocal: false\n')).toEqual([
      'config:2:1: error: Cannot read this as JSON or YAML: this map already has this key; keep one of the two',
      '1 file judged: 1 error, 0 warnings',
    ])
    expect(await judge('masqLinkLocal: true\n---\nmasqLinkLocal: false\n')).toEqual([
      'config:1:1: error: Cannot use this: it has several documents; keep one',
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('a key twice in JSON, alone and in a ConfigMap', async () => {
    const twice = 'Cannot use the key "masqLinkLocal" twice: this object already has it at'
    const rest = 'and the last one counts; keep one of the two'
    const text = '{"masqLinkLocal": true,\n "masqLinkLocal": false}\n'
    expect(await judge(text)).toEqual([
      `config:2:2: error: ${twice} line 1, column 2, ${rest}`,
      '1 file judged: 1 error, 0 warnings',
    ])
    expect(
      await judge(`apiVersion: v1
kind: ConfigMap
data:
  config: |
    {"masqLinkLocal": true,
     "masqLinkLocal": false}
`),
    ).toEqual([`config:6:6: error: ${twice} line 5, column 6, ${rest}`, '1 file judged: 1 error, 0 warnings'])
  })

  test('one that is not written at all, but for its name', async () => {
    expect(await judge('# ip-masq-agent: nothing yet\n')).toEqual([CLEAN])
    expect(await judge('- ip-masq\n')).toEqual([
      'config:1:1: error: Cannot use this: write keys and values, as in "nonMasqueradeCIDRs: [10.0.0.0/8]"',
      '1 file judged: 1 error, 0 warnings',
    ])
  })
})

describe('manifests:', () => {
  test('a ConfigMap with a config of the agent in a block, and documents that are nothing to us', async () => {
    expect(
      await judge(`apiVersion: v1
kind: Namespace
metadata: { name: x }
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: ip-masq-agent
data:
  config: |
    nonMasqueradeCIDRs:
    - 10.0.0.0/8

    - 10.1/16
  other: |
    a: 1
`),
    ).toEqual([
      'config:14:7: error: Cannot use ConfigMap ip-masq-agent, config: nonMasqueradeCIDRs[1] "10.1/16": write all four octets, as in "10.0.0.0/8"',
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('a conflist in a ConfigMap, and flanneld in a DaemonSet', async () => {
    const manifests = (argument: string) => `apiVersion: v1
kind: ConfigMap
metadata: { name: kube-flannel-cfg }
data:
  cni-conf.json: |
    { "cniVersion": "0.3.1", "name": "cbr0", "plugins": [
      { "type": "flannel", "delegate": { "ipMasq": false } },
      { "type": "ip-masq", "backend": "x" } ] }
  net-conf.json: |
    { "Network": "10.244.0.0/16" }
---
apiVersion: apps/v1
kind: DaemonSet
spec:
  template:
    spec:
      containers:
      - name: kube-flannel
        command: [/opt/bin/flanneld]
        args:
        - ${argument}
        - --kube-subnet-mgr
`
    const backend = 'config:8:28: error: Cannot use backend "x": write "auto", "nftables" or "iptables"'
    expect(await judge(manifests('--ip-masq'))).toEqual([
      backend,
      'config:21:11: warning: flanneld masquerades too, and knows no exemptions: write "--ip-masq=false", and restart its pods',
      '1 file judged: 1 error, 1 warning',
    ])
    expect(await judge(manifests('--ip-masq=false'))).toEqual([backend, '1 file judged: 1 error, 0 warnings'])
  })

  test('a patch, which has data alone', async () => {
    expect(await judge('data:\n  x.json: \'{ "type": "ip-masq", "ipv4": 1 }\'\n')).toEqual([
      'config:2:33: error: Cannot use ipv4 1: write true or false',
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('a List in JSON: the place is that of the text, and the place in it is given', async () => {
    const item = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ip-masq-agent' },
      data: { config: 'masqLinkLocal: true\nmasqLinkLocalIPv6: 7\n' },
    }
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [item] }, null, 1)
    expect(await judge(text)).toEqual([
      'config:12:15: error: Cannot use ConfigMap ip-masq-agent, config: masqLinkLocalIPv6 7: write true or false (line 2, column 1 of this text)',
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('a network of Multus', async () => {
    expect(
      await judge(`apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: { name: storage }
spec:
  config: |-
    { "cniVersion": "1.0.0", "name": "storage", "plugins": [
      { "type": "ip-masq" } ] }
`),
    ).toEqual([
      'config:7:9: error: Cannot work without prevResult: list ip-masq after the plugin that gives the pod its address (bridge, flannel, ptp)',
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('what has nothing to do with ip-masq: a note, unless nothing else is judged', async () => {
    const files = {
      'map.yaml': 'apiVersion: v1\nkind: ConfigMap\ndata: { a: "b: [", c: "d: 1" }\n',
      'patch.yaml': '- op: remove\n  path: /spec\n',
      'agent.yaml': 'masqLinkLocal: true\n',
    }
    const nothing = 'there is no config in it that has to do with ip-masq'
    expect(await validateFiles(files, { paths: Object.keys(files) })).toEqual([
      `map.yaml: note: ${nothing}`,
      `patch.yaml: note: ${nothing}`,
      '3 files judged: 0 errors, 0 warnings',
    ])
    expect(await validateFiles(files, { paths: ['map.yaml', 'patch.yaml'] })).toEqual([
      `map.yaml: error: Cannot find anything to validate: ${nothing}`,
      `patch.yaml: error: Cannot find anything to validate: ${nothing}`,
      '2 files judged: 2 errors, 0 warnings',
    ])
  })
})

describe('files that a config names:', () => {
  const validate = (files: Record<string, string>, own: string, options: Validation = {}) =>
    validateFiles({ ...files, 'net.conflist': conflistWith(own) }, { paths: ['net.conflist'], ...options })
  const nodesOnly =
    'is not looked at, because only nodes have it; name a directory that has it with --files-root'

  test('a fault is at its place in the file', async () => {
    const lines = await validate(
      { 'agent.yaml': 'nonMasqueradeCIDRs:\n- 10.0.0.0/8\n- x\nmasqLinkLocal: 1\n' },
      '{ "type": "ip-masq", "configFiles": ["DIR/agent.yaml"] }',
    )
    expect(lines.map((line) => line.replace(/"\/[^"]*\/agent/, '"agent'))).toEqual([
      'agent.yaml:3:3: error: Cannot use configFiles[0] "agent.yaml": nonMasqueradeCIDRs[1] "x": write a CIDR, as in "10.0.0.0/8" or "fd00::/8"',
      'agent.yaml:4:1: error: Cannot use configFiles[0] "agent.yaml": masqLinkLocal 1: write true or false',
      '1 file judged: 2 errors, 0 warnings',
    ])
  })

  test('files that are not there, and globs that fit none', async () => {
    expect(
      await validate(
        {},
        '{ "type": "ip-masq", "configFiles": ["/nope/x", "/nope/*"], "flannelSubnetFile": "/nope/y" }',
      ),
    ).toEqual([
      'net.conflist:8:42: error: Cannot use configFiles[0] "/nope/x": there is no such file; use --offline if only nodes have it',
      'net.conflist:8:53: warning: configFiles[1] "/nope/*" matches no file: ADDs work, but it adds no list',
      'net.conflist:8:65: error: Cannot use flannelSubnetFile "/nope/y": there is no such file; use --offline if only nodes have it',
      '1 file judged: 2 errors, 1 warning',
    ])
  })

  test('a directory, and a file that is no agent config', async () => {
    const lines = await validate(
      { 'd/x': '', 'map.yaml': 'apiVersion: v1\nkind: ConfigMap\n' },
      '{ "type": "ip-masq", "configFiles": ["DIR/d", "DIR/map.yaml"] }',
    )
    expect(lines.map((line) => line.replace(/"\/[^"]*\/(d|map)/g, '"$1'))).toEqual([
      'net.conflist:8:42: error: Cannot use configFiles[0] "d": it is a directory; write "d/*" for the files in it',
      'map.yaml:1:1: error: Cannot use configFiles[1] "map.yaml": it is a Kubernetes manifest; name a file that has only the data of the ConfigMap, or run ip-masq convert on the manifest',
      '1 file judged: 2 errors, 0 warnings',
    ])
  })

  test('--offline: none is looked at', async () => {
    expect(
      await validate(
        {},
        `{ "type": "ip-masq", "configFiles": ["/nope/x", "/nope/*"], "flannelSubnetFile": true,
      "masqueradeCIDRs": ["203.0.113.0/24"] }`,
        { offline: true },
      ),
    ).toEqual([
      `net.conflist:8:42: warning: configFiles[0] "/nope/x" ${nodesOnly}`,
      `net.conflist:8:53: warning: configFiles[1] "/nope/*" ${nodesOnly}`,
      `net.conflist:8:65: warning: flannelSubnetFile "/run/flannel/subnet.env" ${nodesOnly}`,
      '1 file judged: 0 errors, 3 warnings',
    ])
  })

  test('--files-root: they are looked for below a directory', async () => {
    const files = {
      'root/etc/a': 'nonMasqueradeCIDRs: [203.0.113.0/24]\n',
      'root/etc/b': 'masqLinkLocal: 7\n',
      'root/run/flannel/subnet.env': 'FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_IPMASQ=true\n',
    }
    const own = `{ "type": "ip-masq", "configFiles": ["/etc/?", "/etc/x"], "flannelSubnetFile": true,
      "masqueradeCIDRs": ["203.0.113.128/25"] }`
    expect(await validate(files, own, { filesRoot: 'root' })).toEqual([
      'root/etc/b:1:1: error: Cannot use configFiles[0] "/etc/b": masqLinkLocal 7: write true or false',
      'net.conflist:8:52: error: Cannot use configFiles[1] "/etc/x": there is no such file',
      '1 file judged: 2 errors, 0 warnings',
    ])
    expect(
      await validate({ ...files, 'root/etc/b': '', 'root/etc/x': '' }, own, { filesRoot: 'root' }),
    ).toEqual([
      'net.conflist:8:5: warning: /run/flannel/subnet.env has FLANNEL_IPMASQ=true: flanneld masquerades too, and ignores exemptions; start it with --ip-masq=false, or write "pinExemptions": true',
      '1 file judged: 0 errors, 1 warning',
    ])
  })

  test('a file without networks of flannel', async () => {
    const lines = await validate({ env: 'X=1\n' }, '{ "type": "ip-masq", "flannelSubnetFile": "DIR/env" }')
    expect(lines.map((line) => line.replace(/"\/[^"]*\/env/, '"env'))).toEqual([
      'net.conflist:8:26: error: Cannot use flannelSubnetFile "env": it has neither FLANNEL_NETWORK nor FLANNEL_IPV6_NETWORK; check that flanneld runs',
      '1 file judged: 1 error, 0 warnings',
    ])
  })
})
