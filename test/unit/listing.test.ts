import { expect, test } from 'vitest'
import { renderLine } from '../../src/backend/nftables/render'
import { elementsIn, parseListing } from '../../src/backend/nftables/text/blocks'
import { hasRepeats, parseGot, parseTable } from '../../src/backend/nftables/text/listing'
import { formatAddress, parseAddress } from '../../src/policy/address-text'

const listing = `table inet ip-masq {
	flags dormant

	map owners {
		type ipv6_addr : ipv6_addr
		elements = { ::ffff:10.0.0.5 comment "a { b, c; } d" : 5be1::1,
			     fd00::5 : 5be1::1,
			     ::ffff:10.0.0.6 comment "" : 5be1::2 }
	}

	map pods-ip {
		type ipv4_addr : verdict
		elements = { 10.0.0.5 : goto policy-a, 10.0.0.7 : goto policy-b }
	}

	set policy-a-ip {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8,
			     255.255.255.255 }
	}

	chain nat-postrouting {
		type nat hook postrouting priority srcnat - 1; policy accept;
		ip saddr vmap @pods-ip
		tcp dport { 80, 443 } accept comment "x; y"
	}
}
`

test('a listing is blocks of statements', () => {
  const table = parseListing(listing).blocks[0]
  expect(table?.statements).toEqual(['flags dormant'])
  expect(table?.blocks.map(({ head }) => head)).toEqual([
    'map owners',
    'map pods-ip',
    'set policy-a-ip',
    'chain nat-postrouting',
  ])
  expect(table && elementsIn(table, 'set policy-a-ip')).toEqual(['10.0.0.0/8', '255.255.255.255'])
  expect(table?.blocks[3]?.statements).toEqual([
    'type nat hook postrouting priority srcnat - 1',
    'policy accept',
    'ip saddr vmap @pods-ip',
    'accept comment "x; y"',
  ])
})

test('a table is values: sets with what was asked for, chains with their rules, and the words of what is not ours', () => {
  const range = (first: string, end: string) => ({ family: 'ip', first, end })
  const foreign = (text: string) => ({ do: 'foreign', text })
  const map = (name: string, key: string, value: string) => ({
    name,
    type: { key, value, flags: [] },
    elements: [],
  })
  expect(parseTable(listing, ['policy-a']).table).toEqual({
    isDormant: true,
    sets: [
      map('owners', 'ip6', 'ip6'),
      map('pods-ip', 'ip', 'verdict'),
      {
        name: 'policy-a-ip',
        type: { key: 'ip', flags: ['interval'] },
        elements: [range('0a000000', '0b000000'), range('ffffffff', 'g')],
      },
    ],
    chains: [
      {
        name: 'nat-postrouting',
        lines: [
          { do: 'hook', type: 'nat', hook: 'postrouting', priority: 99 },
          { do: 'policy', verdict: 'accept' },
          { do: 'dispatch', family: 'ip', map: 'pods-ip' },
          foreign('accept comment "x; y"'),
          foreign('tcp dport { ... }'),
        ],
      },
    ],
  })
  expect(parseTable(listing).table.sets[2]?.elements).toEqual([])
})

test.each([
  ['type filter hook input priority filter', 'input', 0],
  ['type nat hook prerouting priority dstnat + 5', 'prerouting', -95],
  ['type nat hook postrouting priority srcnat - 1', 'postrouting', 99],
  ['type nat hook postrouting priority 200', 'postrouting', 200],
  ['type filter hook output priority -450', 'output', -450],
])('%s, there and back', (text, hook, priority) => {
  const [line] =
    parseTable(`table inet ip-masq {\n chain c {\n  ${text}; policy accept;\n }\n}\n`).table.chains[0]
      ?.lines ?? []
  expect(line).toMatchObject({ do: 'hook', hook, priority })
  expect(line && renderLine(line)).toBe(text)
})

test('both elements of an address come together, IPv4 and mapped', () => {
  const states = parseTable(listing).addresses.map(({ address, ...rest }) => ({
    address: formatAddress(address),
    ...rest,
  }))
  const owner = (end: string) => `5be1${end.padStart(28, '0')}`
  expect(states).toEqual([
    { address: '10.0.0.5', owner: owner('1'), comment: 'a { b, c; } d', verdict: { goto: 'policy-a' } },
    { address: 'fd00::5', owner: owner('1') },
    { address: '10.0.0.6', owner: owner('2'), comment: '' },
    { address: '10.0.0.7', verdict: { goto: 'policy-b' } },
  ])
})

test('an empty listing is an empty table', () => {
  expect(parseTable('').addresses).toEqual([])
})

test('an IPv6 address that looks half like a mapped one is found in both maps', () => {
  const text = `table inet ip-masq {
	map owners {
		elements = { fd00::ffff:7 : 5be1::1, ::ffff:10.0.0.5 : 5be1::2 }
	}
	map pods-ip6 {
		elements = { fd00::ffff:7 : goto policy-a }
	}
}`
  expect(parseTable(text).addresses).toHaveLength(2)
  expect(parseTable(text).addresses[0]).toMatchObject({
    verdict: { goto: 'policy-a' },
    owner: `5be1${'1'.padStart(28, '0')}`,
  })
})

test('slots: an address with its note, and a tombstone, however nft orders the parts of an element', () => {
  const text = `table inet ip-masq {
	map attachments {
		type ipv6_addr : ipv6_addr
		flags timeout
		elements = { 43b4:5b20:eda7:2cad:7568:bf33:: comment "2 77 a /run/netns/a:b" : ::ffff:10.0.0.5,
			     43b4:5b20:eda7:2cad:7568:bf33:0:1 : fd00::5,
			     5be1::1:0 timeout 2m expires 1m59s984ms comment "x" : ::,
			     5be1::2:0 comment "x" timeout 2m expires 1m59s984ms : :: }
	}
}`
  const slots = parseTable(text).slots.map(({ address, ...rest }) => ({
    ...rest,
    address: address && formatAddress(address),
  }))
  expect(slots).toEqual([
    {
      digest: '43b45b20eda72cad7568bf33',
      slot: 0,
      address: '10.0.0.5',
      comment: '2 77 a /run/netns/a:b',
    },
    { digest: '43b45b20eda72cad7568bf33', slot: 1, address: 'fd00::5' },
    { digest: '5be100000000000000000000', slot: 0x10000, comment: 'x' },
    { digest: '5be100000000000000000000', slot: 0x20000, comment: 'x' },
  ])
})

test('what `get element` prints, a listing for each, in order', () => {
  const text = `table inet ip-masq {
	map owners {
		type ipv6_addr : ipv6_addr
		elements = { ::ffff:10.0.0.5 comment "a : b" : 5be1::1 }
	}
}
table inet ip-masq {
	map pods-ip {
		type ipv4_addr : verdict
		elements = { 10.0.0.5 : goto policy-a }
	}
}
`
  expect(parseGot(text)).toEqual([
    { value: parseAddress('5be1::1'), comment: 'a : b' },
    { verdict: { goto: 'policy-a' } },
  ])
})

test('a key that comes twice is noticed', () => {
  const list = (elements: string) =>
    `table inet ip-masq {\n map owners {\n elements = { ${elements} }\n }\n}\n`
  expect(hasRepeats(list('fd00::1 : 1::1, fd00::2 : 1::1'))).toBe(false)
  expect(hasRepeats(list('fd00::1 : 1::1, fd00::2 : 1::1, fd00::1 : 1::1'))).toBe(true)
})
