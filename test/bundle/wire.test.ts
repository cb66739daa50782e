import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, EXECUTABLES, type PluginCall, PREFIX, resultWith } from '../lab/plugin'
import { listRuleset } from '../lab/table'

/** The protocol as a runtime sees it: environment and stdin in, stdout and exit status out. */

let node: Namespace
beforeAll(async () => {
  node = await createNamespace('wire')
})
afterAll(() => node.delete())

const error = (code: number, msg: string | RegExp, cniVersion = '1.0.0') => ({
  status: 1,
  json: { cniVersion, code, msg: typeof msg === 'string' ? msg : expect.stringMatching(msg) },
})

/** For errors whose `details` a system or a parser words. */
const errorWithDetails = (...args: Parameters<typeof error>) => ({
  status: 1,
  json: { ...error(...args).json, details: expect.stringMatching(/./) },
})

const advice = 'start with a letter or digit, go on with letters, digits, "_", "." or "-"'
const withoutVersion =
  'Cannot use a config without cniVersion, which stands for 0.1.0: write "cniVersion": "1.0.0" at the top of the conflist, or another of 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0'
const versions = '0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0'

describe.each(Object.entries(EXECUTABLES))('%s', (_, executable) => {
  const call = (command: string | undefined, options: PluginCall = {}) =>
    callPlugin(node, command, { executable, ...options })

  describe('VERSION', () => {
    const supportedVersions = versions.split(', ')

    test('echoes the version of the config', async () => {
      const reply = await call('VERSION', { config: { cniVersion: '0.4.0' } })
      expect(reply).toMatchObject({ status: 0, stderr: '', json: { cniVersion: '0.4.0', supportedVersions } })
    })

    test.each(['', 'not JSON', '[]'])('needs no config: %j', async (config) => {
      const environment = {
        CNI_CONTAINERID: undefined,
        CNI_NETNS: undefined,
        CNI_IFNAME: undefined,
        CNI_PATH: undefined,
      }
      const reply = await call('VERSION', { config, environment })
      expect(reply).toMatchObject({ status: 0, json: { cniVersion: '1.1.0', supportedVersions } })
    })
  })

  describe('the environment', () => {
    test.each(['add', 'RENAME', 'STATUS '])('does not know CNI_COMMAND %s', async (command) => {
      const msg = `Cannot run CNI_COMMAND "${command}": use ADD, CHECK, DEL, GC, STATUS or VERSION`
      expect(await call(command)).toMatchObject(error(4, msg, '1.1.0'))
    })

    const all = {
      CNI_CONTAINERID: undefined,
      CNI_NETNS: undefined,
      CNI_IFNAME: undefined,
      CNI_PATH: undefined,
    }
    test.each(['ADD', 'CHECK'])('of %s names all that is missing', async (command) => {
      const msg = `Cannot run ${command} without the environment variables CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME, CNI_PATH`
      expect(await call(command, { environment: all })).toMatchObject(error(4, msg, '1.1.0'))
    })

    test.each(Object.keys(all))('of ADD needs %s, and an empty one is none', async (name) => {
      const msg = `Cannot run ADD without the environment variable ${name}`
      expect(await call('ADD', { environment: { [name]: undefined } })).toMatchObject(error(4, msg, '1.1.0'))
      expect(await call('ADD', { environment: { [name]: '' } })).toMatchObject(error(4, msg, '1.1.0'))
    })

    test('of DEL needs what names the attachment, and no more', async () => {
      const msg = 'Cannot run DEL without the environment variables CNI_CONTAINERID, CNI_IFNAME'
      expect(await call('DEL', { environment: all })).toMatchObject(error(4, msg, '1.1.0'))
      const environment = { CNI_NETNS: undefined, CNI_PATH: undefined, PATH: undefined }
      expect(await call('DEL', { environment })).toMatchObject({ status: 0, stdout: '', stderr: '' })
    })

    test.each(['../c1', '-c1', 'c 1', 'c1"; flush ruleset; #', 'c\n1'])(
      'refuses containerID %j',
      async (containerID) => {
        const msg = `Cannot use CNI_CONTAINERID ${JSON.stringify(containerID)}: ${advice}`
        expect(await call('ADD', { containerID })).toMatchObject(error(4, msg, '1.1.0'))
      },
    )

    test.each(['.', '..', 'a/b', 'a:b', 'a b', 'sixteen-bytes-ab', 'é'.repeat(8)])(
      'refuses ifname %j',
      async (ifname) => {
        const msg = `Cannot use CNI_IFNAME ${JSON.stringify(ifname)}: use at most 15 bytes without "/", ":" and white space`
        expect(await call('CHECK', { ifname })).toMatchObject(error(4, msg, '1.1.0'))
      },
    )

    test('names all that is malformed', async () => {
      const msg = /^Cannot use CNI_CONTAINERID "\/": .*; nor CNI_IFNAME "\/": /
      expect(await call('ADD', { containerID: '/', ifname: '/' })).toMatchObject(error(4, msg, '1.1.0'))
    })
  })

  describe.each(['ADD', 'CHECK'])('%s with a bad config changes nothing:', (command) => {
    const cases: [string, unknown, ReturnType<typeof error>][] = [
      [
        'empty stdin',
        '',
        error(6, 'Cannot read the config: stdin is empty; the runtime sends it as JSON', '1.1.0'),
      ],
      ['blank stdin', ' \n', error(6, /stdin is empty/, '1.1.0')],
      [
        'no JSON',
        '{"cniVersion": "1.0.0"',
        error(
          6,
          'Cannot read the config: it is not JSON: line 1, column 23: the text ends too early: write "," or the closing bracket',
          '1.1.0',
        ),
      ],
      [
        'an array',
        '[{"a":1}]',
        error(6, 'Cannot read the config: it is a list; write a JSON object, { ... }', '1.1.0'),
      ],
      [
        '10 MB of junk',
        'x'.repeat(10 << 20),
        error(6, 'Cannot read the config: it is not JSON: line 1, column 1: write a value', '1.1.0'),
      ],
      [
        '10 MB of nesting',
        '['.repeat(10 << 20),
        error(6, 'Cannot read the config: it is not JSON: line 1, column 100001: nest less deeply', '1.1.0'),
      ],
      ['no version', { ...configWith(), cniVersion: undefined }, error(1, withoutVersion, '1.1.0')],
      [
        'an empty version, as libcni sends it for a conflist without',
        { ...configWith(), cniVersion: '' },
        error(1, withoutVersion, '1.1.0'),
      ],
      [
        'a list that stands twice',
        '{"cniVersion": "1.0.0", "name": "cbr0", "type": "ip-masq", "nonMasqueradeCIDRs": ["10.0.0.0/8"],\n"nonMasqueradeCIDRs": [], "prevResult": {"ips": []}}',
        error(
          7,
          'Cannot use the config: line 2, column 1: this object has the key already; keep one of the two',
        ),
      ],
      [
        'an address that no pod can have',
        configWith(['10.244.1.7/24', '0.0.0.0/0']),
        error(
          7,
          /^Cannot use prevResult\.ips\[1\]\.address "0\.0\.0\.0\/0": no pod can have an address in 0\.0\.0\.0\/8/,
        ),
      ],
      [
        'a name that acts on a terminal',
        { ...configWith(), name: 'a\u001b]0;x\u0007\u202e\u009b2J\nip-masq: all is well' },
        error(
          7,
          /^Cannot use name "a\\u001b\]0;x\\u0007\\u202e\\u009b2J\\nip-masq: all is well": start with/,
        ),
      ],
      [
        'an unknown version',
        { ...configWith(), cniVersion: '0.2.0' },
        error(1, `Cannot use cniVersion "0.2.0": write one of ${versions}`, '1.1.0'),
      ],
      [
        'a version of the future',
        { ...configWith(), cniVersion: '9.0.0' },
        error(1, /^Cannot use cniVersion "9.0.0"/, '1.1.0'),
      ],
      ['a malformed name', { ...configWith(), name: 'a b' }, error(7, `Cannot use name "a b": ${advice}`)],
      [
        'an unknown key',
        configWith([], { nonMasqCIDRs: [] }),
        error(
          2,
          'Cannot use nonMasqCIDRs []: unknown key; write "nonMasqueradeCIDRs" if that is meant, or remove it',
        ),
      ],
      [
        'a bad list',
        configWith([], { nonMasqueradeCIDRs: ['10.0.0.1/8'] }),
        error(
          7,
          'Cannot use nonMasqueradeCIDRs[0] "10.0.0.1/8": write the network "10.0.0.0/8", or "10.0.0.1/32" for the one address',
        ),
      ],
      [
        'a null list',
        configWith([], { nonMasqueradeCIDRs: null }),
        error(7, /^Cannot use nonMasqueradeCIDRs null: write a list/),
      ],
      [
        'an injection',
        configWith([], { nonMasqueradeCIDRs: ['10.0.0.0/8 }\nflush ruleset #'] }),
        error(
          7,
          'Cannot use nonMasqueradeCIDRs[0] "10.0.0.0/8 }\\nflush ruleset #": write a prefix length from 0 to 32 for IPv4',
        ),
      ],
      [
        'no prevResult',
        { ...configWith(), prevResult: undefined },
        error(
          7,
          'Cannot work without prevResult: list ip-masq after the plugin that gives the pod its address (bridge, flannel, ptp)',
        ),
      ],
      [
        'a prevResult that is none',
        { ...configWith(), prevResult: 'x' },
        error(7, /^Cannot use prevResult "x"/),
      ],
      [
        'a garbage address',
        configWith(['10.244.1.7/24', 'x/24']),
        error(7, /^Cannot use prevResult.ips\[1\].address "x\/24": write a CIDR/),
      ],
    ]
    test.each(cases)('%s', async (_, config, expected) => {
      const before = await listRuleset(node)
      const reply = await call(command, { config })
      expect(reply).toMatchObject({ ...expected, stderr: '' })
      expect(reply.json).toEqual(expected.json)
      expect(await listRuleset(node)).toBe(before)
    })

    test('unreadable stdin', async () => {
      expect(await call(command, { before: 'exec 0</' })).toMatchObject(
        errorWithDetails(5, 'Cannot read the config from stdin', '1.1.0'),
      )
    })
  })

  test('CHECK came with 0.4.0', async () => {
    const msg = 'Cannot run CHECK with cniVersion "0.3.1": it came with 0.4.0'
    expect(await call('CHECK', { config: { ...configWith(), cniVersion: '0.3.1' } })).toMatchObject(
      error(1, msg, '0.3.1'),
    )
  })

  describe('ADD', () => {
    test('passes on a result that is nested too deep to be printed by JavaScript', async () => {
      const deep = `{"cniVersion":"1.0.0","ips":[],"x":${'['.repeat(5000)}${']'.repeat(5000)}}`
      const config = `{"cniVersion":"1.0.0","name":"n","type":"ip-masq","prevResult":${deep}}`
      expect(await call('ADD', { config })).toMatchObject({ status: 0, stdout: deep })
    })

    test('passes on a result of 10 MB, whatever keys stand twice in it', async () => {
      const ips = '{"address":"10.244.1.7/24"}'
      const prevResult = `{"cniVersion":"1.0.0","ips":[${ips}],"x":1,"x":"${'y'.repeat(10 << 20)}"}`
      const config = `{"cniVersion":"1.0.0","name":"n","type":"ip-masq","prevResult":${prevResult}}`
      const { status, stdout, stderr } = await call('ADD', { config })
      expect({ status, stderr, isSame: stdout === prevResult }).toEqual({
        status: 0,
        stderr: '',
        isSame: true,
      })
      await call('DEL', { config })
    })

    test('exempts no more than before where the mask is /0, and says so', async () => {
      const before = await call('ADD', { config: configWith(['10.244.1.7/32']) })
      const sets = await listRuleset(node)
      const config = configWith(['10.244.1.7/0'])
      const reply = await call('ADD', { config })
      expect(before).toMatchObject({ status: 0, stderr: '' })
      expect(reply).toMatchObject({ status: 0, stderr: expect.stringContaining('wider than /8') })
      expect(await listRuleset(node)).toBe(sets)
      await call('DEL', { config })
    })

    test('a pod’s name does not act on the terminal that shows the log', async () => {
      const CNI_ARGS = 'K8S_POD_NAMESPACE=\u001b[2J\n;K8S_POD_NAME=\u202ex'
      const config = configWith(['10.244.1.7/24'], {
        onlyNamespaces: ['shop'],
        args: { cni: { nonMasqueradeCIDRs: [] } },
      })
      const { status, stderr } = await call('ADD', { config, environment: { CNI_ARGS } })
      expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^[ -~]*$/) })
      await call('DEL', { config })
    })

    test('passes the result on as received', async () => {
      const prevResult =
        '{ "cniVersion":"1.0.0","ips":[] , "x-unknown": [1e400, 12345678901234567890, "\\u00e9"],\n "__proto__": {"a": 1}}'
      const reply = await call('ADD', {
        config: `{"cniVersion": "1.0.0", "name": "cbr0", "type": "ip-masq", "prevResult": ${prevResult}}`,
      })
      expect(reply).toMatchObject({ status: 0, stdout: prevResult, stderr: '' })
    })

    test.each(versions.split(', '))('answers in version %s', async (cniVersion) => {
      const prevResult = { ...resultWith(['10.244.1.7/24']), cniVersion }
      const reply = await call('ADD', { config: { ...configWith(), cniVersion, prevResult } })
      expect(reply).toMatchObject({ status: 0, json: prevResult, stderr: '' })
    })

    test('says so when the list leaves out a family of the pod', async () => {
      const config = configWith(['10.244.1.7/24', 'fd00::7/64'], { nonMasqueradeCIDRs: ['10.0.0.0/8'] })
      const stderr = `${PREFIX}nonMasqueradeCIDRs has no IPv6 entry: only the built-in IPv6 exemptions hold`
      expect(await call('ADD', { config })).toMatchObject({ status: 0, stderr })
    })

    test.each(['before', 'inside', 'after'])(
      'passes the result on with a string of megabytes %s it',
      async (place) => {
        const long = JSON.stringify(`${'x"\\'.repeat(1 << 20)}`)
        const prevResult = `{ "ips": [], "x": ${place === 'inside' ? long : 1} }`
        const [before, after] = [
          place === 'before' ? `"x": ${long},` : '',
          place === 'after' ? `, "x": ${long}` : '',
        ]
        const args = `"args": {${before} "y": 1 ${after}}`
        const config = `{"cniVersion": "1.0.0", "name": "cbr0", ${args}, "prevResult": ${prevResult}, "dns": {"x": ${place === 'after' ? long : 1}}}`
        const reply = await call('ADD', { config })
        expect(reply.stdout === prevResult).toBe(true)
        expect(reply).toMatchObject({ status: 0, stderr: '' })
      },
    )

    test('reads a config with a byte order mark', async () => {
      expect(await call('ADD', { config: `\ufeff${JSON.stringify(configWith([]))}` })).toMatchObject({
        status: 0,
      })
    })

    test('refuses bytes that are no UTF-8, which it could not pass on as received; DEL goes on', async () => {
      const [before, after] = JSON.stringify({ ...configWith([]), 'com.example/note': '|' }).split('|')
      const config = Buffer.concat([
        Buffer.from(before ?? ''),
        Buffer.of(0xff, 0xc0),
        Buffer.from(after ?? ''),
      ])
      expect(await call('ADD', { config })).toMatchObject(
        error(6, 'Cannot read the config: it is not UTF-8', '1.1.0'),
      )
      expect(await call('DEL', { config })).toMatchObject({
        status: 0,
        stderr: expect.stringContaining(
          'goes on without prevResult: Cannot read the config: it is not UTF-8',
        ),
      })
      const written = JSON.stringify(configWith([])).replace('"dns":{}', '"dns":{"domain":"\ufffd"}')
      expect(written).toContain('\ufffd')
      const reply = await call('ADD', { config: written })
      expect(reply).toMatchObject({ status: 0, stderr: '' })
      expect(reply.stdout).toContain('\ufffd')
    })

    test('quotes what is nested too deep to print', async () => {
      const nested = '['.repeat(8000) + ']'.repeat(8000)
      const config = JSON.stringify(configWith([])).replace('{', `{"unknown": ${nested}, `)
      const { json } = await call('ADD', { config })
      expect(json).toMatchObject({
        code: 2,
        msg: expect.stringMatching(/^Cannot use unknown .*: unknown key; write "\w+" if that is meant/),
      })
    })

    test('takes an interface index that is out of range', async () => {
      const prevResult = { cniVersion: '1.0.0', ips: [{ address: '10.244.1.7/24', interface: 9 }] }
      expect(await call('ADD', { config: { ...configWith(), prevResult } })).toMatchObject({
        status: 0,
        json: prevResult,
      })
    })

    test('reads a config that comes slowly, and one of a megabyte', async () => {
      const list = Array.from({ length: 60_000 }, (_, i) => `11.${i >> 8}.${i & 255}.0/24`)
      const config = configWith([], { nonMasqueradeCIDRs: list })
      expect(await call('ADD', { config })).toMatchObject({ status: 0, json: config.prevResult })
      const slow = `exec 0< <(cat <<< '${JSON.stringify(configWith([])).slice(0, 40)}' | tr -d '\\n'; sleep 0.3; echo '${JSON.stringify(configWith([])).slice(40)}')`
      expect(await call('ADD', { before: slow })).toMatchObject({ status: 0 })
    })
  })

  describe('DEL', () => {
    test.each([
      ['empty stdin', ''],
      ['junk', 'junk'],
      ['no version', {}],
      [
        'an unknown key and a bad list',
        configWith(['10.9.9.9/24'], { nonMasqCIDR: 1, nonMasqueradeCIDRs: ['x'] }),
      ],
      ['a garbage prevResult', configWith(['garbage'])],
      ['a name that has changed', { ...configWith(['10.9.9.9/24']), name: '' }],
      ['a version of the future', { ...configWith(['10.9.9.9/24']), cniVersion: '9.0.0' }],
    ])('does not mind %s', async (_, config) => {
      expect(await call('DEL', { config })).toMatchObject({ status: 0, stdout: '' })
    })

    test('does not mind unreadable or closed descriptors', async () => {
      expect(await call('DEL', { before: 'exec 0</' })).toMatchObject({ status: 0, stdout: '' })
      expect(await call('DEL', { before: 'exec 0<&-' })).toMatchObject({ status: 0, stdout: '' })
      expect(await call('DEL', { config: 'junk', before: 'exec 2>&-' })).toMatchObject({
        status: 0,
        stdout: '',
      })
    })
  })
})
