import { describe, expect, test } from 'vitest'
import { validateConflist, validateFiles } from '../../lab/validation'

/** What is around our part of a conflist. */

const judge = async (text: string) => (await validateConflist(text)).slice(0, -1)

const BRIDGE = '{ "type": "bridge", "ipam": { "type": "host-local" } }'
const OURS = '{ "type": "ip-masq" }'

/** Head in line 1, a plugin for each line from the second on. */
const list = (head: string, ...plugins: string[]) => `{ ${head}, "plugins": [\n${plugins.join(',\n')}\n] }\n`
const NAMED = '"cniVersion": "1.0.0", "name": "pods"'

describe('versions:', () => {
  const versions = '0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0'
  const older = 'Every ADD fails with containerd before 2.0 and CRI-O before 1.31'
  const both = 'write "cniVersion": "1.0.0" and "cniVersions":'
  test.each([
    ['1.0.0', '"cniVersion": "1.0.0"', []],
    ['0.3.1, as flannel has it', '"cniVersion": "0.3.1"', []],
    [
      '1.0.0, and newer ones for those who speak them',
      '"cniVersion": "1.0.0", "cniVersions": ["1.0.0", "1.1.0"]',
      [],
    ],
    ['versions that no libcni speaks yet besides', '"cniVersion": "1.0.0", "cniVersions": ["1.2.0"]', []],
    [
      'none',
      '"disableCheck": true',
      [
        `1:1: error: Cannot use a config without cniVersion, which means version 0.1.0: write "cniVersion": "1.0.0" at the top of the conflist, or another of ${versions}`,
      ],
    ],
    [
      'too old',
      '"cniVersion": "0.2.0"',
      [`1:3: error: Cannot use cniVersion "0.2.0": write one of ${versions}`],
    ],
    [
      'too new',
      '"cniVersion": "1.2.0"',
      [`1:3: error: Cannot use cniVersion "1.2.0": write one of ${versions}`],
    ],
    [
      '1.1.0 alone',
      '"cniVersion": "1.1.0"',
      [
        `1:3: warning: ${older}, which know no cniVersion above 1.0.0: ${both} ["1.0.0", "1.1.0"], of which newer runtimes take the highest`,
      ],
    ],
    [
      '1.1.0 alone in cniVersions',
      '"cniVersions": ["1.1.0"]',
      [`1:3: warning: ${older}, which read cniVersion alone: ${both} ["1.0.0", "1.1.0"]`],
    ],
    [
      'a cniVersion that is too old for us, and newer ones in cniVersions',
      '"cniVersion": "0.2.0", "cniVersions": ["0.4.0"]',
      [`1:3: warning: ${older}, which read cniVersion alone: ${both} ["0.4.0", "1.0.0", "1.1.0"]`],
    ],
    [
      'cniVersions that are no versions',
      '"cniVersion": "1.0.0", "cniVersions": ["1.0"]',
      ['1:26: error: Cannot use cniVersions: write a list of versions, as in ["0.4.0", "1.0.0", "1.1.0"]'],
    ],
  ])('%s', async (_, head, expected) => {
    const found = await judge(list(`${head}, "name": "pods"`, BRIDGE, OURS))
    expect(found).toEqual(expected.map((line) => `net.conflist:${line}`))
  })
})

describe('names:', () => {
  const advice = 'use letters, digits, "_", "." and "-", and begin with a letter or digit'
  test.each([
    [
      'a name that is none',
      '"cniVersion": "1.0.0", "name": "my pods"',
      `1:26: error: Cannot use name "my pods": ${advice}`,
    ],
    ['no name', '"cniVersion": "1.0.0"', `1:1: error: Cannot use name undefined: ${advice}`],
  ])('%s', async (_, head, line) => {
    expect(await judge(list(head, BRIDGE, OURS))).toEqual([`net.conflist:${line}`])
  })
})

describe('order:', () => {
  const withoutResult =
    'error: Cannot work without prevResult: list ip-masq after the plugin that gives the pod its address (bridge, flannel, ptp)'
  test('first', async () => {
    expect(await judge(list(NAMED, OURS, BRIDGE))).toEqual([`net.conflist:2:3: ${withoutResult}`])
  })

  test('behind others that give no address, and before the one that does', async () => {
    expect(await judge(list(NAMED, '{ "type": "tuning" }', OURS, '{ "type": "ptp" }'))).toEqual([
      `net.conflist:3:3: ${withoutResult}`,
    ])
  })

  test('before one that has a delegate, which gives the address', async () => {
    expect(
      await judge(list(NAMED, '{ "type": "tuning" }', OURS, '{ "type": "acme", "delegate": {} }')),
    ).toEqual([`net.conflist:3:3: ${withoutResult}`])
  })

  test('behind a plugin that nobody knows', async () => {
    expect(await judge(list(NAMED, '{ "type": "acme" }', OURS, '{ "type": "portmap" }'))).toEqual([])
  })

  test('alone, as one plugin in a .conf', async () => {
    const files = { 'net.conf': '{ "cniVersion": "1.0.0", "name": "pods",\n  "type": "ip-masq" }' }
    expect(await validateFiles(files, { paths: ['net.conf'] })).toEqual([
      `net.conf:2:3: ${withoutResult}`,
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('twice', async () => {
    expect(await judge(list(NAMED, BRIDGE, OURS, '{ "type": "portmap" }', OURS))).toEqual([
      'net.conflist:5:3: error: Cannot use ip-masq 2 times in one network: the last one decides; remove the others',
    ])
  })

  test('not at all', async () => {
    expect(await validateConflist(list(NAMED, BRIDGE))).toEqual([
      'net.conflist: warning: ip-masq is not in it: run ip-masq install, or write { "type": "ip-masq" } after the plugin that gives the address',
      '1 file judged: 0 errors, 1 warning',
    ])
  })
})

describe('plugins that masquerade too:', () => {
  const knowsNone = 'masquerades too, and knows no exemptions'
  test.each([
    ['bridge', '{ "type": "bridge", "ipMasq": true }', 21, '"ipMasq": false'],
    ['ptp', '{ "type": "ptp", "ipMasq": true }', 18, '"ipMasq": false'],
    [
      'flannel, whose delegate masquerades unless it is forbidden',
      '{ "type": "flannel" }',
      1,
      '"delegate": { "ipMasq": false }',
    ],
    [
      'flannel, by its delegate',
      '{ "type": "flannel", "delegate": { "ipMasq": true } }',
      36,
      '"delegate": { "ipMasq": false }',
    ],
  ])('%s', async (name, plugin, column, wanted) => {
    expect(await judge(list(NAMED, plugin, OURS))).toEqual([
      `net.conflist:2:${column}: error: Cannot exempt anything: ${name.split(',')[0]} ${knowsNone}; write ${wanted} in its part`,
    ])
  })

  test.each([
    '{ "type": "bridge", "ipMasq": false }',
    '{ "type": "bridge" }',
    '{ "type": "flannel", "delegate": { "ipMasq": false } }',
  ])('%s does not', async (plugin) => {
    expect(await judge(list(NAMED, plugin, OURS))).toEqual([])
  })

  test('pinExemptions keeps them from exempt destinations', async () => {
    expect(
      await judge(
        list(NAMED, '{ "type": "bridge", "ipMasq": true }', '{ "type": "ip-masq", "pinExemptions": true }'),
      ),
    ).toEqual([
      'net.conflist:2:21: warning: bridge masquerades too, and only pinExemptions keeps it from exempt destinations: write "ipMasq": false in its part',
    ])
  })

  test.each([
    ['{ "type": "calico" }', 'Calico', 'calico'],
    ['{ "type": "cilium-cni" }', 'Cilium', 'cilium'],
    ['{ "type": "aws-cni" }', 'the AWS VPC CNI', 'aws-vpc-cni'],
    ['{ "type": "azure-vnet" }', 'Azure CNI', 'azure-cni'],
    ['{ "type": "weave-net" }', 'Weave Net', 'weave-net'],
    ['{ "type": "antrea" }', 'Antrea', 'antrea'],
    ['{ "type": "bridge", "bridge": "kube-bridge" }', 'kube-router', 'kube-router'],
    ['{ "type": "ovn-k8s-cni-overlay" }', 'OVN-Kubernetes', 'ovn-kubernetes'],
    ['{ "type": "kube-ovn" }', 'Kube-OVN', 'kube-ovn'],
    ['{ "type": "cni-kindnet" }', 'kindnet', 'kindnet'],
  ])('%s by itself', async (plugin, name, section) => {
    expect(await judge(list(NAMED, plugin, OURS))).toEqual([
      `net.conflist:2:3: warning: ${name} masquerades by itself, and ip-masq does not change that: make sure that it is off (docs/neighbours.md#${section})`,
    ])
  })
})

describe('files that no runtime loads:', () => {
  test.each([
    ['an empty one', '', '1:1: error: Cannot read this: it is empty; write a JSON object, { ... }'],
    [
      'no JSON',
      '{\n  "name": "pods",\n}',
      '3:1: error: Cannot read this: it is not JSON, and runtimes read nothing else: write a key in double quotes',
    ],
    [
      'YAML',
      'name: pods\n',
      '1:1: error: Cannot read this: it is not JSON, and runtimes read nothing else: write a value',
    ],
    ['a list', '[1]', '1:1: error: Cannot read this: it is not a JSON object; write { ... }'],
    [
      'a byte order mark',
      '\ufeff{}',
      '1:1: error: Cannot read this: it begins with a byte order mark, which runtimes refuse; save it as UTF-8 without one',
    ],
    [
      'nested too deep',
      `{ "a": ${'['.repeat(501)}${']'.repeat(501)} }`,
      '1:1: error: Cannot read this: it is nested deeper than 500 levels; nest less deeply',
    ],
    ['no plugins', `{ ${NAMED}, "plugins": [] }`, '1:42: error: Cannot load this: it has no list "plugins"'],
    [
      'a plugin without a type',
      list(NAMED, BRIDGE, '{ "kind": "ip-masq" }'),
      '3:1: error: Cannot load this: plugins[1] has no "type"',
    ],
    [
      'one plugin',
      '{ "cniVersion": "1.0.0", "name": "pods",\n  "type": "bridge" }',
      '2:3: error: Cannot load this: it holds one plugin, and runtimes read a list from a file that ends in .conflist: write it as "plugins": [{ ... }], or name it .conf',
    ],
  ])('%s', async (_, text, line) => {
    expect(await validateConflist(text)).toEqual([
      `net.conflist:${line}`,
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('a list in a .conf', async () => {
    const files = { 'net.conf': list(NAMED, BRIDGE, OURS) }
    expect(await validateFiles(files, { paths: ['net.conf'] })).toEqual([
      'net.conf:1:42: error: Cannot load this: it holds a list of plugins, and runtimes read a list only from a file that ends in .conflist: rename it',
      '1 file judged: 1 error, 0 warnings',
    ])
  })
})

test('a list that Multus delegates to', async () => {
  const text = `{ "type": "multus", "name": "multus", "cniVersion": "1.0.0", "delegates": [{
  "cniVersion": "1.0.0", "name": "pods", "plugins": [
    { "type": "bridge", "ipMasq": true },
    { "type": "ip-masq", "backend": "x" }] }] }`
  expect(await validateFiles({ '00-multus.conf': text }, { paths: ['00-multus.conf'] })).toEqual([
    '00-multus.conf:3:25: error: Cannot exempt anything: bridge masquerades too, and knows no exemptions; write "ipMasq": false in its part',
    '00-multus.conf:4:26: error: Cannot use backend "x": write "auto", "nftables" or "iptables"',
    '1 file judged: 2 errors, 0 warnings',
  ])
})
