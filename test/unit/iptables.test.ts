import { describe, expect, test } from 'vitest'
import type { Host } from '../../src/backend/backend'
import { kindsOf } from '../../src/backend/iptables/kinds'
import { classify } from '../../src/backend/iptables/tool'

describe('what iptables says', () => {
  test.each([
    [
      1,
      "iptables-restore v1.8.9 (legacy): Couldn't load match `comment':No such file or directory",
      'refused',
    ],
    [1, 'iptables-nft-restore: line 3 failed: Chain already exists.', 'refused'],
    [4, 'line 3: RULE_APPEND failed (No such file or directory): rule in chain IPM-A-10.0.0.1', 'refused'],
    [
      4,
      'Another app is currently holding the xtables lock; still 9s 0us time ahead to have a chance to grab the lock...',
      'locked',
    ],
    [4, "Can't lock /run/xtables.lock: Bad file descriptor", 'locked'],
    [4, 'Fatal: can not open lock file /run/xtables.lock: Permission denied', 'denied'],
    [
      4,
      'iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)',
      'denied',
    ],
    [
      3,
      "iptables v1.8.9 (legacy): can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
      'unsupported',
    ],
    [
      3,
      "ip6tables v1.8.9 (legacy): can't initialize ip6tables table `nat': Address family not supported by protocol",
      'unsupported',
    ],
    [1, 'iptables/1.8.9 Failed to initialize nft: Protocol not supported', 'unsupported'],
    [
      4,
      'iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Invalid argument',
      'unsupported',
    ],
    [127, 'iptables: error while loading shared libraries: libxtables.so.12', 'unusable'],
  ] as const)('%d: %s', (status, said, failure) => {
    expect(classify(status, said)).toBe(failure)
  })
})

/** A host whose default is the kind over nf_tables. */
const hostWith = (...tools: readonly string[]): Host => ({
  findTool: (name) => (tools.includes(name) ? { file: `/usr/sbin/${name}` } : { tried: [] }),
  realPath: () => '/usr/sbin/xtables-nft-multi',
  legacyTables: () => [],
  mayHaveTable: () => false,
  mayHaveNfTables: () => false,
  kernelRelease: () => '',
  effectiveCapabilities: () => undefined,
  epochSeconds: () => 1_790_000_000,
  bootSeconds: () => 5_000,
})
const NO_TABLES = { ip: [], ip6: [] }
const DEBIAN = ['iptables-restore', 'iptables-nft-restore', 'iptables-legacy-restore']

describe('on a kernel without nf_tables', () => {
  const run = () => {
    throw new Error('no tool is to be started')
  }

  test('rules go to iptables-legacy, though the default is the kind over nf_tables', () => {
    const kinds = kindsOf(run, hostWith(...DEBIAN), NO_TABLES)
    expect(kinds.choose().variant).toBe('-legacy')
    expect(kinds.candidates.map(({ variant }) => variant)).toEqual(['-legacy'])
  })

  test('a host with one kind has no choice', () => {
    expect(kindsOf(run, hostWith('iptables-restore'), NO_TABLES).choose().variant).toBe('')
  })
})

test.each([
  ['3.10.0-1160.el7.x86_64', '-legacy'],
  ['4.15.0-20-generic', '-legacy'],
  ['4.18.0-13-generic', '-nft'],
  ['6.1.0-28-amd64', '-nft'],
  ['', '-nft'],
])('on %j first rules go to iptables%s, where the default is the kind over nf_tables', (release, variant) => {
  const host = { ...hostWith(...DEBIAN), mayHaveNfTables: () => true, kernelRelease: () => release }
  const run = () => ({ outcome: 'exited', status: 1, stdout: '', stderr: 'No chain by that name.' }) as const
  expect(kindsOf(run, host, NO_TABLES).choose().variant).toBe(variant)
})
