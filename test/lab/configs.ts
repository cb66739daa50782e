import fc from 'fast-check'

/** Configs as operators write them, and what happens to them on the way: arbitraries for the fuzz ring. */

type Json = Record<string, unknown>

const ipv4 = fc.tuple(...Array.from({ length: 4 }, () => fc.nat(255))).map((octets) => octets.join('.'))
const ipv6 = fc.ipV6()
const prefixOf = (address: fc.Arbitrary<string>, bits: number) =>
  fc.tuple(address, fc.nat(bits)).map(([text, length]) => `${text}/${length}`)

/** Aligned ones, which are accepted, and others, which mostly are not. */
const aligned = fc.oneof(
  fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `${a}.${b}.0.0/16`),
  fc.nat(0xffff).map((group) => `2001:db8:${group.toString(16)}::/48`),
  ipv4.map((text) => `${text}/32`),
  fc.constantFrom(
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/8',
    'fc00::/7',
    '224.0.0.0/4',
    '169.254.0.0/16',
    '255.255.255.255/32',
  ),
)
const cidr = fc.oneof({ weight: 20, arbitrary: aligned }, prefixOf(ipv4, 33), prefixOf(ipv6, 129), ipv4)
const cidrs = fc.array(cidr, { maxLength: 6 })

const port = fc.oneof(fc.integer({ min: 1, max: 65535 }), fc.constantFrom(0, 1, 65535, 65536))
const portRange = fc.oneof(
  port.map(String),
  fc.tuple(port, port).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
)
const name = fc.constantFrom(
  'eth0',
  'bond+',
  'bond*',
  'wan',
  '+',
  'a"b',
  'a\nb',
  'é',
  'x'.repeat(16),
  'a*b',
  '-o',
  '$a',
  '@b',
  '{',
  'a;b',
  '#',
  "a'b",
  '!eth',
  'a,b',
  '-j',
)
const namespace = fc.constantFrom('shop', 'team-*', '*', 'Shop', 'a'.repeat(64), '', 'x y')
const windows = fc.record(
  {
    Type: fc.constantFrom('OutBoundNAT', 'ROUTE', 'outboundnat'),
    ExceptionList: cidrs,
    Destinations: cidrs,
    VIP: fc.oneof(ipv4, ipv6),
    MaxPortPoolUsage: fc.nat(100),
    Settings: fc.record(
      { Exceptions: cidrs, Destinations: cidrs, VirtualIP: fc.oneof(ipv4, ipv6) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['Type'] },
)

const keys = fc.record(
  {
    nonMasqueradeCIDRs: cidrs,
    nonMasqueradeDefaults: fc.constantFrom('private', 'reserved'),
    masqueradeCIDRs: cidrs,
    masqLinkLocal: fc.boolean(),
    masqLinkLocalIPv6: fc.boolean(),
    ipv4: fc.boolean(),
    ipv6: fc.boolean(),
    randomFully: fc.boolean(),
    toPorts: fc.array(portRange, { minLength: 1, maxLength: 4 }).map((ranges) => ranges.join(',')),
    snatTo: fc.record(
      {
        ipv4: fc.oneof(
          ipv4,
          fc.tuple(ipv4, ipv4).map((ends) => ends.join('-')),
        ),
        ipv6: fc.oneof(ipv6, fc.constant('2001:db8::1-2001:db8::8'), fc.constant('2001:db8::-2001:db8::7')),
      },
      { requiredKeys: [] },
    ),
    outInterfaces: fc.array(name, { minLength: 1, maxLength: 3 }),
    pinExemptions: fc.boolean(),
    repairOnCheck: fc.boolean(),
    policies: fc.array(fc.record({ name: fc.constant('EndpointPolicy'), value: windows }), { maxLength: 3 }),
    configFiles: fc.constantFrom([], ['/etc/ip-masq-none/*'], ['/nope'], ['/etc']),
    flannelSubnetFile: fc.constantFrom(false, '/nope'),
    onlyNamespaces: fc.array(namespace, { minLength: 1, maxLength: 3 }),
    exceptNamespaces: fc.array(namespace, { maxLength: 3 }),
    runtimeConfig: fc.record({ nonMasqueradeCIDRs: cidrs }, { requiredKeys: [] }),
    args: fc.record({ cni: fc.record({ nonMasqueradeCIDRs: cidrs }) }),
  },
  { requiredKeys: [] },
)

/** Few keys at a time: with all of them nearly every config would have something wrong. */
const fewKeys = fc.tuple(keys, fc.array(fc.nat(18), { maxLength: 3 })).map(([all, chosen]): Json => {
  const entries = Object.entries(all)
  return Object.fromEntries(chosen.flatMap((i) => (entries[i] ? [entries[i]] : [])))
})

export const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(null, '', 0, -1, 1e300, [], {}, '__proto__', [null], { __proto__: null }),
)

/** A part of the value, chosen by `path`, replaced by junk, removed, or under another name. */
export function mutate(value: unknown, path: readonly number[], replacement: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined || typeof value !== 'object' || value === null) return replacement
  const entries = Object.entries(value)
  if (entries.length === 0) return replacement
  const at = step % entries.length
  const changed = entries.flatMap(([key, item], i): [string, unknown][] => {
    if (i !== at) return [[key, item]]
    if (rest.length === 0 && step % 5 === 0) return []
    if (rest.length === 0 && step % 5 === 1) return [[`${key}s`, item]]
    return [[key, mutate(item, rest, replacement)]]
  })
  return Array.isArray(value) ? changed.map(([, item]) => item) : Object.fromEntries(changed)
}

const mutated = fc
  .tuple(fewKeys, fc.array(fc.nat(100), { minLength: 1, maxLength: 5 }), junk)
  .map(([config, path, replacement]) => mutate(config, path, replacement) as Json)
  .filter((config) => typeof config === 'object' && config !== null && !Array.isArray(config))

const anything = fc.dictionary(fc.string({ maxLength: 12 }), junk, { maxKeys: 4 })

export const configs = fc.oneof(
  { weight: 5, arbitrary: fewKeys },
  { weight: 4, arbitrary: mutated },
  anything,
)

/** Texts for what reads files. */
export const texts = fc.oneof(
  configs.map((config) => JSON.stringify(config)),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          'nonMasqueradeCIDRs:',
          '- 10.0.0.0/8',
          '  - fd00::/8',
          'masqLinkLocal: yes',
          '---',
          '&a',
          '*a',
          '<<: *a',
        ],
        ...[
          'FLANNEL_NETWORK=10.244.0.0/16',
          'FLANNEL_IPMASQ=true',
          '{',
          '}',
          '[',
          ']',
          '"',
          "'",
          '|',
          '\t',
          '!!binary x',
        ],
        ...[
          'apiVersion: v1',
          'kind: ConfigMap',
          'data:',
          '  config: |',
          'type: x',
          'policies: []',
          'spec: 1',
        ],
      ),
      { maxLength: 8 },
    )
    .map((lines) => lines.join('\n')),
)
