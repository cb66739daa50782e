import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Config, KEYS, type Kind, type Row } from '../../src/config/keys'
import { parseConfig } from '../../src/config/parse'
import { parsePlain, readLeniently } from '../../src/config/plain'
import { parseLongList } from '../../src/policy/long-list'
import { prefixesIn } from '../../src/policy/prefixes'

/** The reader without the schema is held against the schema, for every row of the table. */

const ROWS = Object.entries<Row>(KEYS)

/** So many prefixes are read as numbers. */
const MANY = Array.from({ length: 40 }, (_, i) => `10.${i}.0.0/16`)

/** Right and wrong values of each kind; every key is tried with all of them. */
const VALUES: Readonly<Record<Kind, readonly unknown[]>> = {
  flag: [true, false, 'true', 0],
  choice: [...ROWS.flatMap(([, row]) => (row.kind === 'choice' ? row.choices : [])), 'ipvs', ''],
  cidrs: [['10.0.0.0/8', 'fd00::/8'], ['10.0.0.1/8'], ['10/8'], [8], '10.0.0.0/8'],
  longCidrs: [MANY, [...MANY, 'x'], [...MANY, 8], [...MANY, ['10.0.0.0/8']]],
  interfaces: [['eth0', 'bond+'], ['*'], ['eth0', '']],
  namespaces: [['shop', 'team-*'], ['Shop'], ['*-prod']],
  ports: ['1024-2047', '53', '5,0', '80-90,85'],
  paths: [['/etc/config/*', '/run/x'], ['etc/x'], [''], ['/x', null]],
  flannelFile: ['/run/x', 'run/x'],
  logFile: ['/var/log/ip-masq.log', 'ip-masq.log', '/etc/passwd', '/var/log/a\n.log'],
  sources: [{ ipv4: '192.0.2.1', ipv6: '2001:db8::1-2001:db8::5' }, { ip: '192.0.2.1' }, {}],
  policies: [[{ name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', ExceptionList: ['10.0.0.0/8'] } }]],
}
const EVERY = [...Object.values(VALUES).flat(), [], null]

/** What the schema makes of a config; undefined where it refuses. */
function bySchema(config: Record<string, unknown>): Config | undefined {
  try {
    return inPrefixes(parseConfig(config))
  } catch {
    return undefined
  }
}

/** Long lists are functions; the prefixes in them can be compared. */
function inPrefixes(config: Config | undefined): Config | undefined {
  const list = config?.nonMasqueradeCIDRs
  return config && { ...config, ...(list && { nonMasqueradeCIDRs: prefixesIn(list) }) }
}

describe('a config of one key', () => {
  test.each(ROWS)('%s: is read as the schema reads it, wherever the row is plain', (key, row) => {
    let accepted = 0
    for (const value of EVERY) {
      const expected = bySchema({ [key]: value })
      if (expected) accepted += 1
      for (const parseLong of [undefined, parseLongList])
        expect(inPrefixes(parsePlain({ [key]: value }, parseLong)), JSON.stringify(value)).toStrictEqual(
          row.isPlain === false ? undefined : expected,
        )
    }
    // Some values of its kind, and not the rest.
    expect(accepted).toBeGreaterThan(0)
    expect(accepted).toBeLessThan(EVERY.length / 2)
  })

  test('the default of every row holds where the key is left out', () => {
    const defaults = ROWS.filter(([, row]) => row.default !== undefined)
    const expected = Object.fromEntries(defaults.map(([key, row]) => [key, row.default]))
    expect(parsePlain({})).toStrictEqual(expected)
    expect(parseConfig({})).toStrictEqual(expected)
  })
})

describe('any config', () => {
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(...EVERY),
    fc.constantFrom({ nonMasqueradeCIDRs: ['10.0.0.0/8'] }, { cni: { nonMasqueradeCIDRs: null } }),
  )
  const keys = [
    ...Object.keys(KEYS),
    'runtimeConfig',
    'args',
    'name',
    'cni.dev/x',
    'unknown',
    '__proto__',
    'constructor',
  ]
  const config = fc.array(fc.tuple(fc.constantFrom(...keys), odd), { maxLength: 4 })

  test('is read as the schema reads it, or not at all', () => {
    let answers = 0
    fc.assert(
      fc.property(config, (entries) => {
        // As JSON.parse makes it: "__proto__" is a key like any other.
        const text = entries
          .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
          .join(', ')
        const object = JSON.parse(`{${text}}`)
        const plain = parsePlain(object, parseLongList)
        if (plain === undefined) return
        answers += 1
        expect(inPrefixes(plain)).toStrictEqual(inPrefixes(parseConfig(object)))
      }),
      { numRuns: 5000 },
    )
    expect(answers).toBeGreaterThan(100)
  })

  test('is read where it is what operators write', () => {
    const typical = {
      name: 'a',
      nonMasqueradeCIDRs: ['10.0.0.0/8', 'fc00::/7'],
      randomFully: false,
      backend: 'auto',
    }
    expect(parsePlain(typical)).toEqual(parseConfig(typical))
    const more = {
      masqueradeCIDRs: ['10.1.0.0/16'],
      nonMasqueradeDefaults: 'reserved',
      ipv6: false,
      toPorts: '1024-2047',
      outInterfaces: ['eth0'],
      configFiles: ['/etc/config/ip-masq-agent'],
      flannelSubnetFile: '/run/flannel/subnet.env',
      onlyNamespaces: ['shop'],
      exceptNamespaces: ['team-*'],
      runtimeConfig: { portMappings: [] },
    }
    expect(parsePlain(more)).toEqual(parseConfig(more))
  })

  test.each([
    { nonMasqueradeCIDRs: null },
    { nonMasqueradeCIDRs: ['10/8'] },
    { randomFully: 1 },
    { nonMasq: [] },
    { snatTo: { ipv4: '192.0.2.1' } },
    { runtimeConfig: { nonMasqueradeCIDRs: [] } },
  ])('%j is left to the schema', (object) => {
    expect(parsePlain(object)).toBeUndefined()
  })
})

describe('readLeniently', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ backend: 'iptables', ipv4: 'wrong', unknown: 1 }, 'iptables'],
    [{ backend: 'ipvs' }, 'auto'],
    [{ backend: ['iptables'] }, 'auto'],
    [{}, 'auto'],
  ])('refuses nothing: of %j it reads %s', (config, expected) => {
    expect(readLeniently(config, 'backend')).toBe(expected)
  })

  test('reads nothing where there is no default', () => {
    expect(readLeniently({ ipMasqBackend: 7 }, 'ipMasqBackend')).toBeUndefined()
  })
})
