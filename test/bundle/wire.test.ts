import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BAD_CONFIGS, failure, failureWithDetails, VERSIONS } from '../lab/bad-configs'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, EXECUTABLES, type PluginCall, PREFIX, resultWith } from '../lab/plugin'
import { listRuleset } from '../lab/table'

/**
 * The protocol as a runtime sees it: environment and stdin in, stdout and exit status out. What the verbs answer is in
 * test/unit/verbs, in process; here is what the process edge, the engines and the kernel have a part in.
 */

let node: Namespace
beforeAll(async () => {
  node = await createNamespace('wire')
})
afterAll(() => node.delete())

const NO_NAMES = {
  CNI_CONTAINERID: undefined,
  CNI_NETNS: undefined,
  CNI_IFNAME: undefined,
  CNI_PATH: undefined,
}

/** The engines parse and print these, or they are what an attack would be made of. */
const SPAWNED = [
  'empty stdin',
  'no JSON',
  '10 MB of junk',
  '10 MB of nesting',
  'a name that acts on a terminal',
  'an unknown key',
  'an injection',
]

describe.each(Object.entries(EXECUTABLES))('%s', (_, executable) => {
  const call = (command: string | undefined, options: PluginCall = {}) =>
    callPlugin(node, command, { executable, ...options })

  test.each([
    ['{"cniVersion": "0.4.0"}', '0.4.0'],
    ['not JSON', '1.1.0'],
  ])('VERSION with %j', async (config, cniVersion) => {
    const supportedVersions = VERSIONS.split(', ')
    const reply = await call('VERSION', { config, environment: NO_NAMES })
    expect(reply).toMatchObject({ status: 0, stderr: '', json: { cniVersion, supportedVersions } })
  })

  test('VERSION where stdin cannot be read', async () => {
    expect(await call('VERSION', { executable: `${executable} </tmp` })).toMatchObject({
      status: 0,
      stderr: '',
      json: { cniVersion: '1.1.0' },
    })
  })

  test('VERSION that nobody can read', async () => {
    expect(await call('VERSION', { executable: `${executable} >/dev/full` })).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^ip-masq \S+: Cannot write the result: Error: .*ENOSPC.*$/),
    })
  })

  describe('the environment', () => {
    test.each(['RENAME', 'version', 'VERSIONS'])('does not know CNI_COMMAND %s', async (command) => {
      const msg = `Cannot run CNI_COMMAND "${command}": use ADD, CHECK, DEL, GC, STATUS or VERSION`
      expect(await call(command)).toMatchObject(failure(4, msg, '1.1.0'))
    })

    test('of ADD names all that is missing', async () => {
      const msg =
        'Cannot run ADD without the environment variables CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME, CNI_PATH'
      expect(await call('ADD', { environment: NO_NAMES })).toMatchObject(failure(4, msg, '1.1.0'))
    })

    test('of DEL needs what names the attachment, and no more', async () => {
      const msg = 'Cannot run DEL without the environment variables CNI_CONTAINERID, CNI_IFNAME'
      expect(await call('DEL', { environment: NO_NAMES })).toMatchObject(failure(4, msg, '1.1.0'))
      const environment = { CNI_NETNS: undefined, CNI_PATH: undefined, PATH: undefined }
      expect(await call('DEL', { environment })).toMatchObject({ status: 0, stdout: '', stderr: '' })
    })

    test('may have an ifname of more bytes than characters', async () => {
      const msg = `Cannot use CNI_IFNAME "${'é'.repeat(8)}": use at most 15 bytes without "/", ":" and white space`
      expect(await call('CHECK', { ifname: 'é'.repeat(8) })).toMatchObject(failure(4, msg, '1.1.0'))
    })
  })

  describe('a bad config changes nothing:', () => {
    test.each(BAD_CONFIGS.filter(([name]) => SPAWNED.includes(name)))('%s', async (_, config, expected) => {
      const before = await listRuleset(node)
      const reply = await call('ADD', { config })
      expect(reply).toMatchObject({ ...expected, stderr: '' })
      expect(reply.json).toEqual(expected.json)
      expect(await listRuleset(node)).toBe(before)
    })

    test('unreadable stdin', async () => {
      for (const command of ['ADD', 'CHECK']) {
        expect(await call(command, { before: 'exec 0</' })).toMatchObject(
          failureWithDetails(5, 'Cannot read the config from stdin', '1.1.0'),
        )
      }
    })
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

    test('says so on stderr when the list leaves out a family of the pod', async () => {
      const config = configWith(['10.244.1.7/24', 'fd00::7/64'], { nonMasqueradeCIDRs: ['10.0.0.0/8'] })
      const stderr = `${PREFIX}nonMasqueradeCIDRs has no IPv6 entry: only the built-in IPv6 exemptions apply`
      const json = resultWith(['10.244.1.7/24', 'fd00::7/64'])
      expect(await call('ADD', { config })).toMatchObject({ status: 0, stderr, json })
    })

    test('passes the result on with a string of megabytes after it', async () => {
      const long = JSON.stringify(`${'x"\\'.repeat(1 << 20)}`)
      const prevResult = '{ "ips": [], "x": 1 }'
      const config = `{"cniVersion": "1.0.0", "name": "cbr0", "args": {"y": 1, "x": ${long}}, "prevResult": ${prevResult}, "dns": {"x": ${long}}}`
      const reply = await call('ADD', { config })
      expect(reply.stdout === prevResult).toBe(true)
      expect(reply).toMatchObject({ status: 0, stderr: '' })
    })

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
        failure(6, 'Cannot read the config: it is not UTF-8', '1.1.0'),
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
      ['junk', 'junk'],
      ['a garbage prevResult', configWith(['garbage'])],
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
