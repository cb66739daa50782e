import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CODES } from '../../src/cni/error'
import { HELP } from '../../src/commands/help'
import { KEYS } from '../../src/config/keys'
import { parseConfig } from '../../src/config/parse'
import { VERSION } from '../../src/system/version'

/** What the documents say is so. */

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const readme = read('README.md')

test('the rules in the README are the golden ones', () => {
  expect(readme).toContain(`\`\`\`\n${read('test/golden/table.txt')}\`\`\``)
})

test.each(Object.keys(KEYS))('%s is explained in the README and in --help', (key) => {
  expect(readme).toContain(`\n| \`${key}\` | `)
  expect(HELP).toMatch(new RegExp(`\n  (?:\\w+, )?${key},? +\\S`))
})

describe('codes', () => {
  test.each(Object.values(CODES))('%d is explained in the README', (code) => {
    expect(readme).toContain(`\n| ${code} | `)
  })

  test('never 3, which tells a runtime that there is nothing to clean up', () => {
    expect(Object.values(CODES)).not.toContain(3)
  })
})

test('every config in the README is one that works', () => {
  const blocks = [...readme.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => JSON.parse(text))
  const configs = blocks.filter(({ type }) => type === 'ip-masq')
  expect(configs.length).toBeGreaterThan(0)
  for (const config of configs) expect(parseConfig(config)).toBeTruthy()
})

test('the CHANGELOG has this version', () => {
  expect(read('CHANGELOG.md')).toContain(`\n## ${VERSION}\n`)
})
