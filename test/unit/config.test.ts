import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseNetworkName } from '../../src/config/network-name'
import { parseConfig } from '../../src/config/parse'
import { parsePlain } from '../../src/config/plain'
import { schema } from '../../src/config/schema'
import { formatPrefix } from '../../src/policy/prefix'

const refusal = (config: Record<string, unknown>) => {
  try {
    parseConfig(config)
  } catch (error) {
    return error
  }
  return 'accepted'
}

describe('an empty config', () => {
  test('has the defaults', () => {
    expect(parseConfig({})).toEqual({
      masqLinkLocal: false,
      masqLinkLocalIPv6: false,
      randomFully: true,
      backend: 'auto',
    })
  })
})

describe('nonMasqueradeCIDRs', () => {
  test('takes both families, duplicates, overlaps and everything', () => {
    const list = ['10.0.0.0/8', 'fd00::/8', '10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '::/0']
    expect(parseConfig({ nonMasqueradeCIDRs: list }).nonMasqueradeCIDRs?.map(formatPrefix)).toEqual(list)
  })

  test('may be empty, which is not the same as absent', () => {
    expect(parseConfig({ nonMasqueradeCIDRs: [] }).nonMasqueradeCIDRs).toEqual([])
    expect(parseConfig({}).nonMasqueradeCIDRs).toBeUndefined()
  })

  const list = 'write a list of CIDRs, as in ["10.0.0.0/8", "fd00::/8"]'
  const rest = ', [] to exempt none, or leave the key out for the default'
  const cases: [unknown, string][] = [
    [null, `Cannot use nonMasqueradeCIDRs null: ${list}${rest}`],
    ['10.0.0.0/8', `Cannot use nonMasqueradeCIDRs "10.0.0.0/8": ${list}${rest}`],
    [{ ip: [] }, `Cannot use nonMasqueradeCIDRs {"ip":[]}: ${list}${rest}`],
    [[8], 'Cannot use nonMasqueradeCIDRs[0] 8: write a CIDR as a string, as in "10.0.0.0/8"'],
    [
      ['10.0.0.0/8', null],
      'Cannot use nonMasqueradeCIDRs[1] null: write a CIDR as a string, as in "10.0.0.0/8"',
    ],
    [
      ['10.0.0.0/8', ''],
      'Cannot use nonMasqueradeCIDRs[1] "": write a CIDR, as in "10.0.0.0/8", or remove the empty item',
    ],
    [
      ['10.0.0.0/8', '10.1/8'],
      'Cannot use nonMasqueradeCIDRs[1] "10.1/8": write all four octets, as in "10.0.0.0/8"',
    ],
    [
      ['::ffff:10.0.0.0/104'],
      'Cannot use nonMasqueradeCIDRs[0] "::ffff:10.0.0.0/104": write the IPv4 form, "10.0.0.0", with an IPv4 prefix length',
    ],
  ]
  test.each(cases)('refuses %j', (value, message) => {
    expect(refusal({ nonMasqueradeCIDRs: value })).toMatchObject({ reason: 'invalidConfig', message })
  })
})

describe('the other keys', () => {
  test.each([
    ['masqLinkLocal', 'yes', 'Cannot use masqLinkLocal "yes": write true or false'],
    ['masqLinkLocalIPv6', null, 'Cannot use masqLinkLocalIPv6 null: write true or false'],
    ['randomFully', 1, 'Cannot use randomFully 1: write true or false'],
    ['backend', 'ipvs', 'Cannot use backend "ipvs": write "auto" or "nftables"'],
  ])('%s refuses %j', (key, value, message) => {
    expect(refusal({ [key]: value })).toMatchObject({ reason: 'invalidConfig', message })
  })
})

describe('keys', () => {
  test('of the spec and of libcni are left to them', () => {
    const foreign = {
      cniVersion: '1.0.0',
      name: 'cbr0',
      type: 'ip-masq',
      prevResult: {},
      runtimeConfig: { ips: [] },
      capabilities: { ips: true },
      args: { cni: {} },
      ipam: {},
      dns: {},
      'cni.dev/attachments': [],
    }
    expect(refusal(foreign)).toBe('accepted')
  })

  test.each([
    ['nonMasqCIDRs', ['10.0.0.0/8'], 'nonMasqueradeCIDRs'],
    ['NonMasqueradeCidrs', [], 'nonMasqueradeCIDRs'],
    ['masqLinkLocalIPV6', true, 'masqLinkLocalIPv6'],
    ['random-fully', true, 'randomFully'],
  ])('of nobody are refused: %s', (key, value, known) => {
    expect(refusal({ [key]: value })).toMatchObject({
      reason: 'unsupportedKey',
      message: `Cannot use ${key} ${JSON.stringify(value)}: unknown key; write "${known}" if that is meant, or remove it`,
    })
  })

  test('that JavaScript objects have by nature are unknown too', () => {
    expect(refusal(JSON.parse('{"__proto__": 1}'))).toMatchObject({ reason: 'unsupportedKey' })
    expect(refusal({ constructor: 1 })).toMatchObject({ reason: 'unsupportedKey' })
  })
})

describe('parsePlain', () => {
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.boolean(),
    fc.constantFrom('auto', 'nftables', ['10.0.0.0/8'], ['fd00::/8', '0.0.0.0/0'], ['10.0.0.1/8'], [], null),
  )
  const keys = [...Object.keys(schema.shape), 'name', 'cni.dev/x', 'unknown', '__proto__', 'constructor']
  const config = fc.array(fc.tuple(fc.constantFrom(...keys), odd), { maxLength: 4 })

  test('answers as the schema does, or not at all', () => {
    let answers = 0
    fc.assert(
      fc.property(config, (entries) => {
        // As JSON.parse makes it: "__proto__" is a key like any other.
        const text = entries
          .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
          .join(', ')
        const object = JSON.parse(`{${text}}`)
        const plain = parsePlain(object)
        if (plain === undefined) return
        answers += 1
        expect(plain).toEqual(parseConfig(object))
        expect(Object.keys(plain).sort()).toEqual(Object.keys(parseConfig(object)).sort())
      }),
      { numRuns: 5000 },
    )
    expect(answers).toBeGreaterThan(100)
  })

  test('answers for what operators write', () => {
    const typical = {
      name: 'a',
      nonMasqueradeCIDRs: ['10.0.0.0/8', 'fc00::/7'],
      randomFully: false,
      backend: 'auto',
    }
    expect(parsePlain(typical)).toEqual(parseConfig(typical))
    expect(parsePlain({ masqLinkLocal: true, masqLinkLocalIPv6: false })).toMatchObject({
      masqLinkLocal: true,
    })
    expect(parsePlain({})).toEqual(parseConfig({}))
  })

  test.each([
    { nonMasqueradeCIDRs: null },
    { nonMasqueradeCIDRs: ['10/8'] },
    { randomFully: 1 },
    { nonMasq: [] },
  ])('leaves %j to the schema', (object) => {
    expect(parsePlain(object)).toBeUndefined()
  })
})

describe('name', () => {
  test.each(['cbr0', 'k8s-pod-network', '0.a_b'])('may be %s', (name) => {
    expect(parseNetworkName({ name })).toBe(name)
  })

  test.each([undefined, null, 7, '', '-a', 'a b', 'a"; flush ruleset', 'é'])('may not be %j', (name) => {
    expect(() => parseNetworkName({ name })).toThrow(/^Cannot use name .*: start with a letter or digit/)
  })
})
