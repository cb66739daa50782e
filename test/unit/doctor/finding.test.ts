import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  CHECKS,
  error,
  exitStatus,
  type Finding,
  note,
  ok,
  unseen,
  warning,
} from '../../../src/doctor/finding'
import { findingsJson, renderFinding, summarise } from '../../../src/doctor/render'

const words = { what: 'the door is open', why: 'it is cold', mend: 'close it' }
const [fine, remark] = [ok('nft', 'fine'), note('ip', 'old', { why: 'it is from 2011' })]
const [warned, failed] = [warning('networks', words), error('drift', words)]
const hidden = unseen('sync', { what: 'Cannot look', mend: 'be root' })

const statuses: readonly (readonly [readonly Finding[], number, string])[] = [
  [[], 0, 'healthy'],
  [[fine, remark], 0, 'healthy'],
  [[fine, warned], 1, '1 warning'],
  [[failed, failed, warned, remark], 1, '2 errors, 1 warning'],
  [[hidden], 2, '1 thing could not be looked at'],
  [[failed, warned, warned, hidden, hidden], 2, '1 error, 2 warnings, 2 things could not be looked at'],
]

test.each(statuses)('%j ends with %d: %s', (findings, status, summary) => {
  expect(exitStatus(findings)).toBe(status)
  expect(summarise(findings)).toBe(summary)
})

test('each level as a person reads it', () => {
  expect([fine, remark, warned, failed, hidden].map(renderFinding).join('')).toBe(
    `  ok       fine
  note     old
           why: it is from 2011
  warning  the door is open
           why: it is cold
           mend: close it
  ERROR    the door is open
           why: it is cold
           mend: close it
  unseen   Cannot look
           mend: be root
`,
  )
})

test('what others wrote cannot make lines of its own', () => {
  expect(renderFinding(ok('networks', 'network a\n  ok  b'))).toBe('  ok       network a\\n  ok  b\n')
})

test('as an object for programs', () => {
  expect(findingsJson([{ title: 'Tools', findings: [fine, remark, failed, hidden] }])).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    status: 2,
    findings: [
      { group: 'tools', check: 'nft', level: 'ok', what: 'fine', why: null, mend: null },
      { group: 'tools', check: 'ip', level: 'note', what: 'old', why: 'it is from 2011', mend: null },
      {
        ...{ group: 'tools', check: 'drift', level: 'error' },
        ...{ what: 'the door is open', why: 'it is cold', mend: 'close it' },
      },
      { group: 'tools', check: 'sync', level: 'unseen', what: 'Cannot look', why: null, mend: 'be root' },
    ],
  })
})

test('docs/json.md lists every check', () => {
  const page = readFileSync(new URL('../../../docs/json.md', import.meta.url), 'utf8')
  const section = page.slice(page.indexOf('| check | what it looks at |'))
  expect(CHECKS.filter((check) => !section.includes(`\`${check}\``))).toEqual([])
})
