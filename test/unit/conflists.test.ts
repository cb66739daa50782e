import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readNetworks } from '../../src/cni/conflists'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ip-masq-conflists-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const problemsOf = (text: string, file = '10-net.conflist') => {
  writeFileSync(join(directory, file), text)
  return readNetworks(directory).problems.map((problem) => problem.replace(directory, ''))
}

describe('a conflist that cannot be used is named with the place of the fault, and not quoted:', () => {
  test.each([
    [
      '{\n "name": "a",\n "token": "secret",\n}',
      '/10-net.conflist: it is not JSON: line 4, column 1: write a key in double quotes',
    ],
    ['["secret"]', '/10-net.conflist: it is not a JSON object'],
    [
      '\ufeff{"name": "a", "plugins": []}',
      '/10-net.conflist: it begins with a byte order mark, which runtimes refuse; save it as UTF-8 without one',
    ],
    [
      '{"name": "a", "plugins": [{"type": "ip-masq", "ipv4": true, "ipv4": false}]}',
      '/10-net.conflist: line 1, column 61: this object already has this key, at line 1, column 47; keep one of the two',
    ],
  ])('%j', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })

  test('a drop-in too', () => {
    writeFileSync(join(directory, '10-net.conflist'), '{"name": "net", "plugins": [{"type": "bridge"}]}')
    mkdirSync(join(directory, 'net'))
    const problem = problemsOf('{"type": "ip-masq", "ipv4": true, "ipv4": true}', 'net/90-ip-masq.conf')
    expect(problem).toEqual([
      '/10-net.conflist: line 1, column 35: this object already has this key, at line 1, column 21; keep one of the two',
    ])
  })
})

test('a key that others have twice in a conflist without ip-masq is no business of ours', () => {
  expect(problemsOf('{"name": "a", "plugins": [{"type": "bridge", "mtu": 1, "mtu": 2}]}')).toEqual([])
})

test.each([
  ['net', true],
  ['..', false],
])('the drop-ins of network %j count: %j', (name, areRead) => {
  const confDir = join(directory, 'net.d')
  for (const path of [confDir, join(confDir, 'net')]) mkdirSync(path)
  writeFileSync(join(confDir, '10.conflist'), JSON.stringify({ name, plugins: [{ type: 'bridge' }] }))
  for (const place of ['.', 'net.d/net'])
    writeFileSync(join(directory, place, 'a.conf'), '{"type": "ip-masq"}')
  const types = readNetworks(confDir)
    .networks.get(name)
    ?.plugins.map(({ type }) => type)
  expect(types).toEqual(areRead ? ['bridge', 'ip-masq'] : ['bridge'])
})
