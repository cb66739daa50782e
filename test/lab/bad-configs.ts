import { expect } from 'vitest'
import { configWith } from './plugin'

/** Configs that ADD and CHECK refuse, and how. */

/** The reply to a call that fails: exit status 1, and an error object with no key but these. */
export const failure = (code: number, msg: string | RegExp, cniVersion = '1.0.0') => ({
  status: 1,
  json: { cniVersion, code, msg: typeof msg === 'string' ? msg : expect.stringMatching(msg) },
})

/** For errors whose `details` a system or a parser words. */
export const failureWithDetails = (...args: Parameters<typeof failure>) => ({
  status: 1,
  json: { ...failure(...args).json, details: expect.stringMatching(/./) },
})

export const VERSIONS = '0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0'
export const IDENTIFIER_ADVICE = 'use letters, digits, "_", "." and "-", and begin with a letter or digit'

const withoutVersion = `Cannot use a config without cniVersion, which means version 0.1.0: write "cniVersion": "1.0.0" at the top of the conflist, or another of ${VERSIONS}`

type BadConfig = readonly [name: string, config: unknown, expected: ReturnType<typeof failure>]

export const BAD_CONFIGS: readonly BadConfig[] = [
  [
    'empty stdin',
    '',
    failure(6, 'Cannot read the config: stdin is empty; the runtime sends it as JSON', '1.1.0'),
  ],
  ['blank stdin', ' \n', failure(6, /stdin is empty/, '1.1.0')],
  [
    'no JSON',
    '{"cniVersion": "1.0.0"',
    failure(
      6,
      'Cannot read the config: it is not JSON: line 1, column 23: the text ends too early: write "," or the closing bracket',
      '1.1.0',
    ),
  ],
  [
    'an array',
    '[{"a":1}]',
    failure(6, 'Cannot read the config: it is a list; write a JSON object, { ... }', '1.1.0'),
  ],
  [
    '10 MB of junk',
    'x'.repeat(10 << 20),
    failure(6, 'Cannot read the config: it is not JSON: line 1, column 1: write a value', '1.1.0'),
  ],
  [
    '10 MB of nesting',
    '['.repeat(10 << 20),
    failure(6, 'Cannot read the config: it is not JSON: line 1, column 100001: nest less deeply', '1.1.0'),
  ],
  ['no version', { ...configWith(), cniVersion: undefined }, failure(1, withoutVersion, '1.1.0')],
  [
    'an empty version, as libcni sends it for a conflist without',
    { ...configWith(), cniVersion: '' },
    failure(1, withoutVersion, '1.1.0'),
  ],
  [
    'a list that stands twice',
    '{"cniVersion": "1.0.0", "name": "cbr0", "type": "ip-masq", "nonMasqueradeCIDRs": ["10.0.0.0/8"],\n"nonMasqueradeCIDRs": [], "prevResult": {"ips": []}}',
    failure(
      7,
      'Cannot use the config: line 2, column 1: this object already has this key, at line 1, column 60; keep one of the two',
    ),
  ],
  [
    'an address that no pod can have',
    configWith(['10.244.1.7/24', '0.0.0.0/0']),
    failure(
      7,
      /^Cannot use prevResult\.ips\[1\]\.address "0\.0\.0\.0\/0": a pod cannot have an address in 0\.0\.0\.0\/8/,
    ),
  ],
  [
    'a name that acts on a terminal',
    { ...configWith(), name: 'a\u001b]0;x\u0007\u202e\u009b2J\nip-masq: all is well' },
    failure(7, /^Cannot use name "a\\u001b\]0;x\\u0007\\u202e\\u009b2J\\nip-masq: all is well": use letters/),
  ],
  [
    'an unknown version',
    { ...configWith(), cniVersion: '0.2.0' },
    failure(1, `Cannot use cniVersion "0.2.0": write one of ${VERSIONS}`, '1.1.0'),
  ],
  [
    'a version of the future',
    { ...configWith(), cniVersion: '9.0.0' },
    failure(1, /^Cannot use cniVersion "9.0.0"/, '1.1.0'),
  ],
  [
    'a malformed name',
    { ...configWith(), name: 'a b' },
    failure(7, `Cannot use name "a b": ${IDENTIFIER_ADVICE}`),
  ],
  [
    'an unknown key',
    configWith([], { nonMasqCIDRs: [] }),
    failure(
      2,
      'Cannot use nonMasqCIDRs []: unknown key; write "nonMasqueradeCIDRs" if that is meant, or remove it',
    ),
  ],
  [
    'a bad list',
    configWith([], { nonMasqueradeCIDRs: ['10.0.0.1/8'] }),
    failure(
      7,
      'Cannot use nonMasqueradeCIDRs[0] "10.0.0.1/8": write the network "10.0.0.0/8", or "10.0.0.1/32" for the one address',
    ),
  ],
  [
    'a null list',
    configWith([], { nonMasqueradeCIDRs: null }),
    failure(7, /^Cannot use nonMasqueradeCIDRs null: write a list/),
  ],
  [
    'an injection',
    configWith([], { nonMasqueradeCIDRs: ['10.0.0.0/8 }\nflush ruleset #'] }),
    failure(
      7,
      'Cannot use nonMasqueradeCIDRs[0] "10.0.0.0/8 }\\nflush ruleset #": write a prefix length from 0 to 32 for IPv4',
    ),
  ],
  [
    'no prevResult',
    { ...configWith(), prevResult: undefined },
    failure(
      7,
      'Cannot work without prevResult: list ip-masq after the plugin that gives the pod its address (bridge, flannel, ptp)',
    ),
  ],
  [
    'a prevResult that is none',
    { ...configWith(), prevResult: 'x' },
    failure(7, /^Cannot use prevResult "x"/),
  ],
  [
    'a garbage address',
    configWith(['10.244.1.7/24', 'x/24']),
    failure(7, /^Cannot use prevResult.ips\[1\].address "x\/24": write a CIDR/),
  ],
]
