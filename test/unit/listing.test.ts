import { expect, test } from 'vitest'
import { elementsOf } from '../../src/backend/nftables/table-state'
import { hasRepeats, parseGot, parseListing, parseTable } from '../../src/backend/nftables/text/listing'
import { formatAddress, parseAddress } from '../../src/policy/address'

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
  expect(table && elementsOf(table, 'set policy-a-ip')).toEqual(['10.0.0.0/8', '255.255.255.255'])
  expect(table?.blocks[3]?.statements).toEqual([
    'type nat hook postrouting priority srcnat - 1',
    'policy accept',
    'ip saddr vmap @pods-ip',
    'accept comment "x; y"',
  ])
})

test('both elements of an address come together, IPv4 and mapped', () => {
  const states = parseTable(listing).addresses.map(({ address, owner, ...rest }) => ({
    address: formatAddress(address),
    ...(owner && { owner: formatAddress(owner) }),
    ...rest,
  }))
  expect(states).toEqual([
    { address: '10.0.0.5', owner: '5be1::1', comment: 'a { b, c; } d', verdict: 'goto policy-a' },
    { address: 'fd00::5', owner: '5be1::1' },
    { address: '10.0.0.6', owner: '5be1::2', comment: '' },
    { address: '10.0.0.7', verdict: 'goto policy-b' },
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
  expect(parseTable(text).addresses[0]).toMatchObject({ verdict: 'goto policy-a', owner: { family: 'ip6' } })
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
    { verdict: 'goto policy-a' },
  ])
})

test('a key that comes twice is noticed', () => {
  const list = (elements: string) =>
    `table inet ip-masq {\n map owners {\n elements = { ${elements} }\n }\n}\n`
  expect(hasRepeats(list('fd00::1 : 1::1, fd00::2 : 1::1'))).toBe(false)
  expect(hasRepeats(list('fd00::1 : 1::1, fd00::2 : 1::1, fd00::1 : 1::1'))).toBe(true)
})
