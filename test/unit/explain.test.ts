import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toolsWithin } from '../../src/backend/host'
import { LOAD } from '../../src/commands/load'
import { run } from '../../src/commands/run'
import type { World } from '../../src/commands/world'
import { resolve } from '../../src/explain/destination'
import { formatTarget } from '../../src/policy/range-text'

/** `explain --conf`: no node is asked. (Over a node, with packets: test/shared/explain.test.ts.) */

const CONFLIST = `{
  "cniVersion": "1.0.0", "name": "pods",
  "plugins": [
    { "type": "bridge" },
    { "type": "ip-masq",
      "nonMasqueradeCIDRs": ["10.0.0.0/8", "fd00::/8"],
      "masqueradeCIDRs": ["10.9.0.0/16"],
      "snatTo": { "ipv4": "192.0.2.10-192.0.2.13" },
      "outInterfaces": ["bond+"],
      "exceptNamespaces": ["kube-*"] }
  ]
}
`

let directory: string
let file: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ip-masq-explain-'))
  file = join(directory, '10-pods.conflist')
  writeFileSync(file, CONFLIST)
})
afterAll(() => rmSync(directory, { recursive: true }))

async function explain(...args: string[]) {
  let [stdout, stderr] = ['', '']
  const refuse = () => {
    throw new Error('the machine is not asked')
  }
  const write = async (text: string) => {
    stdout += text
  }
  const world: World = {
    ...{ backend: refuse, machine: refuse, primaryFirewalls: refuse, stay: refuse },
    ...{ write, writeHeading: write },
    writeError: async (text) => {
      stderr += text
    },
  }
  const typed = { args: ['explain', ...args], environment: {} }
  const status = await run(typed, { world, load: LOAD }).catch(
    (error: Error) => `${error.name}: ${error.message}`,
  )
  return { status, stdout: stdout.replaceAll(directory, ''), stderr }
}

const offline = (...args: string[]) => explain('--conf', file, ...args)
const SUBNETS = ['--pod-subnet', '10.244.1.0/24', '--pod-subnet', 'fd00:244:1::/64']

describe('by a conflist alone:', () => {
  test.each<[string, string, string]>([
    [
      'shop/web',
      '203.0.113.9',
      `shop/web, to 203.0.113.9: masqueraded as 192.0.2.10-192.0.2.13, where it leaves through bond*
  because: nothing exempts it; source: snatTo.ipv4, /10-pods.conflist:8:19`,
    ],
    [
      'shop/web',
      '2001:db8::9',
      `shop/web, to 2001:db8::9: masqueraded as the address of the outgoing interface, where it leaves through bond*
  because: nothing exempts it`,
    ],
    [
      'shop/web',
      '10.1.1.1',
      `shop/web, to 10.1.1.1: not masqueraded
  because: nonMasqueradeCIDRs[0] "10.0.0.0/8", /10-pods.conflist:6:30`,
    ],
    [
      'shop/web',
      'fd00:244:1::9',
      `shop/web, to fd00:244:1::9: not masqueraded
  because: the pod's own subnet "fd00:244:1::/64"`,
    ],
    [
      'shop/web',
      '224.0.0.0/4',
      `shop/web, to 224.0.0.0/4: not masqueraded
  because: built in: multicast "224.0.0.0/4"`,
    ],
    [
      'shop/web',
      '10.8.0.0/15',
      `shop/web, to 10.8.0.0/15:
  10.8.0.0/16: not masqueraded (nonMasqueradeCIDRs[0] "10.0.0.0/8", /10-pods.conflist:6:30)
  10.9.0.0/16: masqueraded as 192.0.2.10-192.0.2.13, where it leaves through bond* (masqueradeCIDRs[0] "10.9.0.0/16", /10-pods.conflist:7:27; source: snatTo.ipv4, /10-pods.conflist:8:19)`,
    ],
    [
      'kube-system/dns',
      '203.0.113.9',
      `kube-system/dns, to 203.0.113.9: not masqueraded
  because: exceptNamespaces[0], /10-pods.conflist:10:28`,
    ],
    [
      '10.244.1.7',
      '203.0.113.9',
      `10.244.1.7, to 203.0.113.9: masqueraded as 192.0.2.10-192.0.2.13, where it leaves through bond*
  because: nothing exempts it; source: snatTo.ipv4, /10-pods.conflist:8:19
  note: CNI_ARGS has no K8S_POD_NAMESPACE: exceptNamespaces cannot match, so the pod is masqueraded`,
    ],
  ])('%s to %s', async (source, destination, expected) => {
    expect(await offline(...SUBNETS, source, destination)).toEqual({
      status: 0,
      stdout: `${expected}\n`,
      stderr: '',
    })
  })

  test('as JSON', async () => {
    const { status, stdout } = await offline('--json', ...SUBNETS, 'shop/web', '10.9.1.1')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      mode: 'offline',
      explanations: [
        {
          source: null,
          asked: { source: 'shop/web', destination: null },
          destination: '10.9.1.1',
          pod: null,
          rules: [],
          parts: [
            {
              destination: '10.9.1.1',
              verdict: { masqueraded: true, source: '192.0.2.10-192.0.2.13' },
              wanted: null,
              outInterfaces: ['bond*'],
              toPorts: [],
              because: {
                ...{ kind: 'key', text: 'masqueradeCIDRs[0]', prefix: '10.9.0.0/16', policy: null },
                place: { file: '/10-pods.conflist', line: 7, column: 27 },
                source: { key: 'snatTo.ipv4', place: { file: '/10-pods.conflist', line: 8, column: 19 } },
              },
              seenAs: null,
              route: null,
              others: [],
              filters: [],
              olderFlows: [],
            },
          ],
          problems: [],
          notes: [],
        },
      ],
      unseen: [],
    })
  })

  test('a drop-in or a .conf is a config too', async () => {
    const dropIn = join(directory, 'drop-in.conf')
    writeFileSync(dropIn, '{ "type": "ip-masq",\n  "ipv4": false }')
    expect(await explain('--conf', dropIn, ...SUBNETS, '10.244.1.7', '203.0.113.9')).toMatchObject({
      status: 0,
      stdout: '10.244.1.7, to 203.0.113.9: not masqueraded\n  because: ipv4, /drop-in.conf:2:3\n',
    })
  })

  test('without --pod-subnet the own subnet is not known', async () => {
    expect((await offline('10.244.1.7', '10.1.1.1')).stdout).toContain(
      "\n  note: without --pod-subnet, the pod's own subnet does not count as exempt\n",
    )
  })
})

describe('refused:', () => {
  test.each<[string[], string]>([
    [
      ['shop/web', 'example.com'],
      'UsageError: Cannot use DESTINATION "example.com": it is a name; write --resolve to look it up, or write an address or a prefix',
    ],
    [
      ['10.1.1', '1.1.1.1'],
      'UsageError: Cannot use SOURCE "10.1.1": write all four octets, as in "10.0.0.0", or NAMESPACE/NAME of a pod',
    ],
    [
      ['web', '1.1.1.1'],
      'UsageError: Cannot use SOURCE "web": write a pod\'s address, as in 10.244.1.7, or NAMESPACE/NAME, as in shop/web-1',
    ],
    [
      ['10.1.1.1', '10.1.0.0/8'],
      'UsageError: Cannot use DESTINATION "10.1.0.0/8": write the network "10.0.0.0/8", or "10.1.0.0/32" for the one address',
    ],
    [
      ['10.1.1.1', 'exa mple'],
      'UsageError: Cannot use DESTINATION "exa mple": write an address, a prefix, or a name',
    ],
    [
      ['--pod-subnet', '10.0.0.0/8', '10.1.1.1', '1.1.1.1'],
      'UsageError: Cannot run ip-masq explain: --pod-subnet has no effect without --conf; write --conf too, or leave --pod-subnet out; see ip-masq explain --help',
    ],
    [
      ['--pod-subnet', '10.1.0.0/8', '10.1.1.1', '1.1.1.1'],
      'UsageError: Cannot use --pod-subnet "10.1.0.0/8": write the network "10.0.0.0/8", or "10.1.0.0/32" for the one address',
    ],
  ])('%j', async (args, expected) => {
    expect((await explain(...args)).status).toBe(expected)
  })

  test('files that cannot be used', async () => {
    const refusal = async (text: string) => {
      const other = join(directory, 'other.conflist')
      writeFileSync(other, text)
      return String((await explain('--conf', other, '10.1.1.1', '1.1.1.1')).status).replace(directory, '')
    }
    expect(await refusal('{ "plugins": [{ "type": "bridge" }] }')).toBe(
      'Error: Cannot use /other.conflist: no plugin in it has the type "ip-masq"',
    )
    expect(await refusal('{ "type": "ip-masq", }')).toBe(
      'Error: Cannot read /other.conflist: line 1, column 22: write a key in double quotes',
    )
    expect(await refusal('{ "type": "ip-masq", "toPorts": "0" }')).toBe(
      'Error: Cannot use toPorts "0": write ports from 1 to 65535',
    )
    expect(String((await explain('--conf', '/nope', '10.1.1.1', '1.1.1.1')).status)).toBe(
      'Error: Cannot read /nope: there is no such file or directory',
    )
    expect(String((await offline(...SUBNETS.slice(0, 2), 'shop/web', 'fd00::1')).status)).toBe(
      'Error: Cannot explain fd00::1: the source has no IPv6 address',
    )
  })
})

test('a name is looked up by the node’s own resolver', () => {
  const tools = toolsWithin(process.env.PATH, 5_000)
  const found = resolve('localhost', tools).map(({ range }) => formatTarget(range))
  expect(found.filter((address) => address !== '::1')).toEqual(['127.0.0.1'])
  expect(() => resolve('no-such-host.invalid', tools)).toThrow(
    "Cannot resolve no-such-host.invalid: the node's resolver knows no address of it",
  )
  const none = () => ({ outcome: 'not-started' as const, tried: [] })
  expect(() => resolve('localhost', none)).toThrow(
    'Cannot resolve localhost: there is no getent here; write its address',
  )
})
