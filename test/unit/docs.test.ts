import { existsSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandReference } from '../../scripts/command-reference'
import { ROOT } from '../../scripts/packaging/root'
import { LAYOUT } from '../../src/backend/nftables/layout'
import { outdatedChains } from '../../src/backend/nftables/outdated'
import type { Table } from '../../src/backend/nftables/table'
import { CODES } from '../../src/cni/error'
import { OVERVIEW } from '../../src/commands/overview'
import { KEYS } from '../../src/config/keys'
import { parseConfig } from '../../src/config/parse'
import { neighbourIn } from '../../src/install/neighbours'
import { VERSION } from '../../src/system/version'
import { blocksIn, linksIn, slugsOf } from '../lab/markdown'
import { PAGES, readPage } from '../lab/pages'
import { validateFiles } from '../lab/validation'

/** What the documents say is so. */

test('the README is read in a minute: 200 lines of 110 characters', () => {
  const lines = readPage('README.md').trimEnd().split('\n')
  expect(lines.length).toBeLessThanOrEqual(200)
  expect(lines.filter((line) => line.length > 110)).toEqual([])
})

describe('commands to paste', () => {
  const blocksOf = (page: string) => blocksIn(readPage(page)).filter(({ language }) => language === 'sh')

  test('the README has them one at a time', () => {
    const blocks = blocksOf('README.md')
    expect(blocks.length).toBeGreaterThan(5)
    for (const { text } of blocks) expect(text.trim().split('\n')).toHaveLength(1)
  })

  test.each(PAGES)('%s: no block both installs and uninstalls', (page) => {
    for (const { text } of blocksOf(page)) {
      const installs = /ip-masq install\b|helm install|apply -k conf\/kubernetes\/(?!uninstall)/.test(text)
      const removes = /\buninstall\b|kubectl delete|helm uninstall/.test(text)
      expect({ text, both: installs && removes }).toEqual({ text, both: false })
    }
  })
})

test('docs/kubernetes.md has the error with which an older version refuses a newer layout', () => {
  const [, text = '', newer] =
    /^(Cannot change table inet ip-masq: .*layout (\d+).*)$/m.exec(readPage('docs/kubernetes.md')) ?? []
  expect(Number(newer)).toBe(LAYOUT)
  // Each version says it of the layout after its own.
  const table: Table = { isDormant: false, sets: [], chains: [{ name: `layout-${LAYOUT + 1}`, lines: [] }] }
  const next = text.replace(
    /layout \d+, this version has \d+/,
    `layout ${LAYOUT + 1}, this version has ${LAYOUT}`,
  )
  expect(() => outdatedChains(table)).toThrow(next)
})

test('the rules in docs/how-it-works.md are the golden ones', () => {
  expect(readPage('docs/how-it-works.md')).toContain(
    `\`\`\`\n${readFileSync(join(ROOT, 'test/golden/table.txt'), 'utf8')}\`\`\``,
  )
})

test.each(Object.keys(KEYS))('%s is explained in docs/options.md and in ip-masq --help', (key) => {
  expect(readPage('docs/options.md')).toContain(`\n| \`${key}\` | `)
  expect(OVERVIEW).toMatch(new RegExp(`\n  (?:\\w+, )?${key},? +\\S`))
})

describe('tables of keys', () => {
  /** Rows that begin with a key: what is in their cells. */
  const rowsOf = (page: string) =>
    [...readPage(page).matchAll(/^\| `([A-Za-z][\w.]*)` \| (.*) \|$/gm)].map(([, key = '', cells = '']) => ({
      key,
      cells: cells.split(' | '),
    }))
  const valueIn = (cell: string) => {
    const [, text] = /^`(.*)`$/.exec(cell) ?? []
    return text === undefined ? undefined : JSON.parse(text)
  }
  /** `a.b` with 1: { a: { b: 1 } } */
  const configWith = (key: string, value: unknown) =>
    key.split('.').reduceRight((inner, name) => ({ [name]: inner }), value) as Record<string, unknown>
  const options = rowsOf('docs/options.md').filter(({ cells }) => cells.length === 3)

  test('the README has the ten that most people need, each with an example that works', () => {
    const rows = rowsOf('README.md')
    expect(rows).toHaveLength(10)
    for (const { key, cells } of rows) {
      expect(KEYS).toHaveProperty(key)
      const example = valueIn(cells[0] ?? '')
      if (example !== undefined) expect(parseConfig(configWith(key, example))).toHaveProperty(key)
    }
  })

  test.each(options)('docs/options.md: the example of $key works', ({ cells, key }) => {
    const example = valueIn(cells[1] ?? '')
    // One key has its example below.
    expect(example === undefined).toBe(key === 'policies')
    if (example !== undefined)
      expect(parseConfig({ podLists: 'both', ...configWith(key, example) })).toBeTruthy()
  })

  test.each(options.filter(({ key }) => key in KEYS))(
    'docs/options.md: the default of $key is so',
    ({ key, cells }) => {
      const written = valueIn(/; (`.*`)$/.exec(cells[0] ?? '')?.[1] ?? '')
      const { default: real } = KEYS[key as keyof typeof KEYS] as { default?: unknown }
      // An empty list may be there in words: "all", "any".
      const isInWords = written === undefined && typeof real === 'object'
      if (!isInWords) expect(written).toEqual(real)
    },
  )
})

test('docs/commands.md has what each command prints for --help: scripts/commands-page writes it', () => {
  expect(readPage('docs/commands.md')).toBe(commandReference())
})

describe('codes', () => {
  test.each(Object.values(CODES))('%d is explained in docs/troubleshooting.md', (code) => {
    expect(readPage('docs/troubleshooting.md')).toContain(`\n| ${code} | `)
  })

  test('never 3, which tells a runtime that there is nothing to clean up', () => {
    expect(Object.values(CODES)).not.toContain(3)
  })
})

describe.each(PAGES)('%s', (page) => {
  test('every link leads to a file that exists, and to a heading in it', () => {
    const broken = linksIn(readPage(page)).filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : normalize(join(page, '..', path))
      if (!existsSync(join(ROOT, target))) return true
      return anchor !== undefined && !slugsOf(readPage(target)).includes(anchor)
    })
    expect(broken).toEqual([])
  })

  test('every config is one that works', () => {
    const blocks = [...readPage(page).matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) =>
      JSON.parse(text),
    )
    for (const config of blocks.filter(({ type }) => type === 'ip-masq'))
      expect(parseConfig(config)).toBeTruthy()
  })
})

test('docs/neighbours.md has the section that an error names, for each plugin that masquerades by itself', () => {
  const page = readPage('docs/neighbours.md')
  const written = [...page.matchAll(/^(## .+)\n\n`type` `([\w-]+)`/gm)].map(([, title = '', type = '']) => ({
    type,
    section: slugsOf(title)[0],
  }))
  expect(written.length).toBeGreaterThan(7)
  for (const { type, section } of written)
    expect({ type, section: neighbourIn({ name: 'pods', plugins: [{ type }] })?.section }).toEqual({
      type,
      section,
    })
  const source = readFileSync(join(ROOT, 'src/install/neighbours.ts'), 'utf8')
  for (const [, section = ''] of source.matchAll(/section: '([\w-]+)'/g))
    expect(slugsOf(page)).toContain(section)
})

test('docs/neighbours/multus.md has a network in which ip-masq validate finds nothing wrong', async () => {
  const [text = ''] = blocksIn(readPage('docs/neighbours/multus.md')).flatMap(({ language, text: yaml }) =>
    language === 'yaml' ? [yaml] : [],
  )
  expect(await validateFiles({ 'lab.yaml': text }, { paths: ['lab.yaml'] })).toEqual([
    '1 file judged: 0 errors, 0 warnings',
  ])
})

test.each(PAGES.filter((page) => page.startsWith('docs/')))('%s says what to read next', (page) => {
  expect(readPage(page)).toMatch(/\n\nNext: \[[^\]]+\]\([^)]+\)\.\n$/)
})

test('the first page and the page of options have a config', () => {
  for (const page of ['README.md', 'docs/options.md']) expect(readPage(page)).toContain('"type": "ip-masq"')
})

test('the CHANGELOG has this version, and when it came', () => {
  const versions = [...readPage('CHANGELOG.md').matchAll(/^## (\S+)(?: \((\d{4}-\d\d-\d\d)\))?$/gm)]
  expect(versions.map(([, version]) => version)).toContain(VERSION)
  for (const [, version, date] of versions)
    if (version !== 'Unreleased') expect({ version, date }).toEqual({ version, date: expect.any(String) })
})
