import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addPlugin, masqueradingIn, removePlugin, switchOffMasquerade } from '../../src/install/edit-conflist'

const OWN = { type: 'ip-masq', nonMasqueradeCIDRs: ['10.0.0.0/8'] }

const TWO_SPACES = `{
  "name": "cbr0",
  "cniVersion": "0.3.1",
  "unknown": 12345678901234567890,
  "plugins": [
    { "type": "flannel", "delegate": { "hairpinMode": true } },
    {
      "type": "portmap",
      "capabilities": {"portMappings": true}
    }
  ],
  "last" :  1.0
}
`

describe('addPlugin', () => {
  test('leaves all else as it is written', () => {
    const added = addPlugin(TWO_SPACES, OWN)
    expect(added).toBe(
      TWO_SPACES.replace(
        `    }
  ],`,
        `    },
    {
      "type": "ip-masq",
      "nonMasqueradeCIDRs": [
        "10.0.0.0/8"
      ]
    }
  ],`,
      ),
    )
    expect(addPlugin(added, OWN)).toBe(added)
  })

  test('a file on one line stays on one', () => {
    const text = '{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"bridge"}]}'
    expect(addPlugin(text, { type: 'ip-masq' })).toBe(
      '{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"bridge"},{"type":"ip-masq"}]}',
    )
  })

  test('tabs and CRLF', () => {
    const text =
      '{\r\n\t"name": "n",\r\n\t"plugins": [\r\n\t\t{\r\n\t\t\t"type": "bridge"\r\n\t\t}\r\n\t]\r\n}\r\n'
    expect(addPlugin(text, { type: 'ip-masq' })).toBe(
      text.replace('\t\t}\r\n\t]', '\t\t},\r\n\t\t{\r\n\t\t\t"type": "ip-masq"\r\n\t\t}\r\n\t]'),
    )
  })

  test('replaces what it was before', () => {
    const changed = addPlugin(addPlugin(TWO_SPACES, OWN), { type: 'ip-masq', ipv6: false })
    expect(JSON.parse(changed).plugins.at(-1)).toEqual({ type: 'ip-masq', ipv6: false })
    expect(JSON.parse(changed).plugins).toHaveLength(3)
  })

  test.each([
    ['{"name": "n", "type": "bridge"}', /a plain .conf holds one plugin/],
    ['{"plugins": [{"type": "ip-masq"}, {"type": "ip-masq"}]}', /has ip-masq 2 times/],
    ['[]', /no list "plugins"/],
  ])('refuses %s', (text, message) => {
    expect(() => addPlugin(text, OWN)).toThrow(message)
  })
})

describe('removePlugin', () => {
  test.each(['first', 'between', 'last'])('%s', (where) => {
    const others = [{ type: 'a' }, { type: 'b' }]
    const plugins = { first: [OWN, ...others], between: [others[0], OWN, others[1]], last: [...others, OWN] }[
      where
    ]
    const text = JSON.stringify({ name: 'n', plugins }, null, 2)
    expect(JSON.parse(removePlugin(text))).toEqual({ name: 'n', plugins: others })
  })

  test('what was added is gone, to the byte', () => {
    expect(removePlugin(addPlugin(TWO_SPACES, OWN))).toBe(TWO_SPACES)
    for (const file of ['bridge-dual-stack.conflist', 'cni-conf.json']) {
      const text = removePlugin(readFileSync(new URL(`../../conf/${file}`, import.meta.url), 'utf8'))
      expect(removePlugin(addPlugin(text, OWN))).toBe(text)
    }
  })

  test('of a file without it nothing', () => {
    expect(removePlugin(TWO_SPACES)).toBe(TWO_SPACES)
  })

  test('any conflist, however it is written, comes back as it was', () => {
    const plugin = fc.record({ type: fc.constantFrom('bridge', 'portmap'), extra: fc.jsonValue() })
    const conflist = fc.record({
      name: fc.string(),
      plugins: fc.array(plugin, { minLength: 1 }),
      more: fc.jsonValue(),
    })
    fc.assert(
      fc.property(
        conflist,
        fc.constantFrom<string | number | undefined>(undefined, 2, 4, '\t'),
        (value, indent) => {
          const text = JSON.stringify(value, null, indent)
          expect(removePlugin(addPlugin(text, OWN))).toBe(text)
          expect(JSON.parse(addPlugin(text, OWN))).toEqual({
            ...JSON.parse(text),
            plugins: [...JSON.parse(text).plugins, OWN],
          })
        },
      ),
    )
  })
})

describe('others’ masquerade', () => {
  const text = JSON.stringify(
    {
      plugins: [
        { type: 'bridge', ipMasq: true },
        { type: 'ptp' },
        { type: 'flannel', delegate: { hairpinMode: true } },
        { type: 'portmap', ipMasq: true },
        { type: 'flannel', delegate: { ipMasq: false } },
      ],
    },
    null,
    2,
  )

  test('is found', () => {
    expect(masqueradingIn(text).map(({ at, type }) => [at, type])).toEqual([
      [0, 'bridge'],
      [2, 'flannel'],
    ])
  })

  test('and switched off, and nothing else', () => {
    const off = switchOffMasquerade(text)
    expect(masqueradingIn(off)).toEqual([])
    const { plugins } = JSON.parse(off)
    expect(plugins[0]).toEqual({ type: 'bridge', ipMasq: false })
    expect(plugins[2]).toEqual({ type: 'flannel', delegate: { hairpinMode: true, ipMasq: false } })
    expect(plugins[1]).toEqual({ type: 'ptp' })
    expect(plugins[3]).toEqual({ type: 'portmap', ipMasq: true })
  })

  test('a flannel without delegate', () => {
    const off = switchOffMasquerade('{"plugins":[{"type":"flannel"}]}')
    expect(JSON.parse(off)).toEqual({ plugins: [{ type: 'flannel', delegate: { ipMasq: false } }] })
  })
})
