import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { LARGEST_CONFIG_FILE, readSmallFile } from '../../src/cni/small-file'
import { parseAgentFile } from '../../src/config/agent-file'
import { readSettings } from '../../src/config/settings'
import { prefixesIn } from '../../src/policy/prefixes'

/** What a file that a config names may do to an ADD: it may be refused, and neither stall it nor be shown to anybody. */

const directory = mkdtempSync(join(tmpdir(), 'ip-masq-limits-'))
afterAll(() => rmSync(directory, { recursive: true }))

let files = 0
const write = (content: string | Uint8Array) => {
  files += 1
  const path = join(directory, `file-${files}`)
  writeFileSync(path, content)
  return path
}

const refusalOf = async (path: string) => {
  const read = readSettings({ configFiles: [path] })
  return read.then(
    () => 'accepted',
    (error: Error) => error.message.replace(path, 'FILE'),
  )
}

describe('what a glob matched by mistake is not quoted', () => {
  const shadow = 'root:$6$secret$hash:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n'
  const keys = 'write keys and values, as in "nonMasqueradeCIDRs: [10.0.0.0/8]"'
  const unreadable = 'it cannot be read as JSON or YAML'
  const noSuchKey = 'ip-masq-agent has no such key'
  test.each([
    ['a link to /etc/shadow', shadow, `line 1, column 1: ${noSuchKey}`],
    ['one line of it', shadow.slice(0, 19), keys],
    ['a broken JSON file', '{"token": "secret"', `${unreadable}: line 1, column 19: the text ends too early`],
    ['a JSON file', '{"kind": "Secret", "data": {"token": "secret"}}', `line 1, column 2: ${noSuchKey}`],
    ['a YAML file', 'user: admin\npassword: secret\n', `line 1, column 1: ${noSuchKey}`],
    ['a YAML file with a fault', 'user: "secret\npassword: x', `${unreadable}: line 2, column 12: `],
    ['a list', '- secret\n', keys],
    ['an unknown alias', 'a: *secret\n', `${unreadable}: an alias ("*name") has no anchor`],
    ['an unknown tag', 'a: !secret b\n', `${unreadable}: line 1, column 4: `],
    ['an unknown directive', '%secret directive\n---\na: 1\n', `${unreadable}: line 1, column 1: `],
    ['an INI file', '[default]\naws_secret_access_key = secret\n', `${unreadable}: line 2, column 1: `],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n', keys],
  ])('%s', async (_, content, expected) => {
    const target = write(content)
    const link = `${target}.yaml`
    symlinkSync(target, link)
    const message = await refusalOf(link)
    expect(message).toContain(expected)
    expect(message).not.toMatch(/secret|root|daemon|admin/i)
  })
})

describe('text without effect is refused:', () => {
  test.each([
    ['%', 'line 1, column 1'],
    ['%'.repeat(100), 'line 1, column 1'],
    ['%YAML 1.1\n', 'line 1, column 1'],
    ['nonMasqueradeCIDRs: [10.0.0.0/8]\nmasqLinkLocal: true\nnonMasqueradeCIDRs: []\n', 'line 3, column 1'],
    ['masqLinkLocal: true\n"masqLinkLocal": true\n', 'line 2, column 1'],
    ['{"masqLinkLocal": true, "masqLinkLocal": false}', 'line 1, column 25'],
    ['resyncInterval: {a: {b: 1, b: 2}}', 'line 1, column 28'],
  ])('%j', async (text, place) => {
    expect(await refusalOf(write(text))).toContain(`it cannot be read as JSON or YAML: ${place}: `)
  })
})

test.each(['', '\n', '# none\n', '---\n', '---\n...\n', 'null\n...\n', '# none\n...\n', '--- null\n'])(
  'a file without keys, as emitters write it, is empty: %j',
  async (text) => {
    expect(await refusalOf(write(text))).toBe('accepted')
  },
)

describe('size', () => {
  const list = (n: number) =>
    `nonMasqueradeCIDRs:\n${Array.from({ length: n }, (_, i) => `- 10.${i >> 8}.${i & 255}.0/24\n`).join('')}`

  test('up to 1 MiB, and not a byte more', async () => {
    const text = `${list(20_000)}#`
    const padded = text + ' '.repeat(LARGEST_CONFIG_FILE - text.length)
    expect(await refusalOf(write(padded))).toBe('accepted')
    expect(await refusalOf(write(`${padded} `))).toContain('it is larger than 1048576 bytes')
  })

  test.each(['/dev/zero', '/proc/self/cmdline'])('%s ends', async (path) => {
    expect(await refusalOf(path)).not.toBe('accepted')
  })

  test('a FIFO is not waited for', async () => {
    const path = join(directory, 'fifo')
    execFileSync('mkfifo', [path])
    expect(await refusalOf(path)).toContain('it is not a regular file')
  })

  test('a file of /proc is read to its end, whatever size it says', () => {
    expect(readSmallFile('/proc/self/status')).toContain('\nCapEff:')
  })
})

/** Processor time, which other work on the machine does not count into; the least of two runs. */
const cost = async (text: string) => {
  const runs: number[] = []
  for (let i = 0; i < 2; i++) {
    const before = process.cpuUsage().user
    await parseAgentFile(text, 'f').catch(() => {})
    runs.push(process.cpuUsage().user - before)
  }
  return Math.min(...runs)
}

const repeat = (n: number, one: (i: number) => string) => Array.from({ length: n }, (_, i) => one(i)).join('')

describe('the time is linear in the length:', () => {
  test.each<[string, (n: number) => string]>([
    ['distinct keys', (n) => repeat(n, (i) => `k${i}: 1\n`)],
    ['distinct keys in braces', (n) => `{${repeat(n, (i) => `k${i}: 1, `)}}`],
    ['JSON keys', (n) => `{${repeat(n, (i) => `"k${i}": 1, `)}"z": 1}`],
    [
      'prefixes',
      (n) => `nonMasqueradeCIDRs:\n${repeat(n, (i) => `- 10.${(i >> 8) & 255}.${i & 255}.0/24\n`)}`,
    ],
    ['aliases', (n) => `a: &a 1\nb:\n${repeat(n, () => '- *a\n')}`],
    ['anchors with aliases', (n) => repeat(n, (i) => `- &a${i} 1\n- *a${i}\n`)],
    ['open brackets', (n) => '['.repeat(8 * n)],
    ['open braces', (n) => '{'.repeat(8 * n)],
    ['closed brackets', (n) => ']'.repeat(8 * n)],
    ['dashes', (n) => '- '.repeat(4 * n)],
    ['directives', (n) => '%Y\n'.repeat(3 * n)],
    ['documents', (n) => '---\n'.repeat(2 * n)],
    ['tags', (n) => '!t '.repeat(3 * n)],
    ['commas', (n) => `[${','.repeat(8 * n)}`],
    ['blanks in brackets', (n) => `nonMasqueradeCIDRs: [10.0.0.0/8${' '.repeat(16 * n)}, 10.1.0.0/16]`],
    ['blanks before a comma', (n) => `nonMasqueradeCIDRs: [${' '.repeat(16 * n)}, 10.1.0.0/16]`],
    ['blanks in an item', (n) => `[a${' '.repeat(16 * n)}b]`],
    ['blanks after a value', (n) => `masqLinkLocal: true${' '.repeat(16 * n)}x`],
    ['blanks after an item', (n) => `nonMasqueradeCIDRs:\n- 10.0.0.0/8${' '.repeat(16 * n)}x`],
  ])('%s', async (_, textOf) => {
    const [short, long] = [await cost(textOf(1000)), await cost(textOf(4000))]
    // Four times the length: linear is 4, quadratic 16. What takes less than 10 ms says nothing.
    expect(long / Math.max(short, 10_000)).toBeLessThan(11)
  })
})

describe('aliases', () => {
  test('a handful is fine', async () => {
    const text = `nonMasqueradeCIDRs:\n- &a 10.0.0.0/8\n${repeat(99, () => '- *a\n')}`
    const { nonMasqueradeCIDRs = [] } = await parseAgentFile(text, 'f')
    expect(prefixesIn(nonMasqueradeCIDRs)).toHaveLength(100)
  })

  test('a bomb is refused before it goes off', async () => {
    const bomb = `a0: &a0 [1, 1]\n${repeat(40, (i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`)}`
    expect(await refusalOf(write(bomb))).toContain('an alias ("*name") has no anchor')
    const wide = `a: &a 1\nb:\n${repeat(101, () => '- *a\n')}`
    expect(await refusalOf(write(wide))).toContain('line 103, column 3: write at most 100 aliases')
  })
})

describe('a byte order mark', () => {
  test.each(['nonMasqueradeCIDRs: [10.0.0.0/8]', '{"nonMasqueradeCIDRs": ["10.0.0.0/8"]}'])(
    'before %s',
    async (text) => {
      expect(await refusalOf(write(`\ufeff${text}`))).toBe('accepted')
    },
  )

  test('before flannel’s file', async () => {
    const path = write('\ufeffFLANNEL_NETWORK=10.244.0.0/16\n')
    await expect(readSettings({ flannelSubnetFile: path })).resolves.toBeTruthy()
  })

  test.each(['utf16le', 'swapped', 'without a mark'])('UTF-16 is named: %s', async (kind) => {
    const bytes = Buffer.from(`${kind === 'without a mark' ? '' : '\ufeff'}masqLinkLocal: true`, 'utf16le')
    expect(await refusalOf(write(kind === 'swapped' ? bytes.swap16() : bytes))).toContain(
      'it is UTF-16: save it as UTF-8',
    )
  })
})
