import { expect, test } from 'vitest'
import { ownerValue } from '../../src/backend/nftables/owner'
import { ownerPrefix } from '../../src/backend/nftables/owner-notes'
import { elementsOf } from '../../src/backend/nftables/table-state'
import { findOwned, parseListing, parseTable } from '../../src/backend/nftables/text/listing'
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
    { address: '10.0.0.5', owner: '5be1::1', comment: 'a { b, c; } d', goto: 'policy-a' },
    { address: 'fd00::5', owner: '5be1::1' },
    { address: '10.0.0.6', owner: '5be1::2', comment: '' },
    { address: '10.0.0.7', goto: 'policy-b' },
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
  expect(parseTable(text).addresses[0]).toMatchObject({ goto: 'policy-a', owner: { family: 'ip6' } })
})

test('findOwned does not take an owner whose value only begins alike', () => {
  const of = (containerID: string) => ({
    containerID,
    ifname: 'eth0',
    network: 'cbr0',
    pod: '',
    namespace: '',
  })
  const groups = new Map<string, string>()
  let pair: [string, string] | undefined
  for (let i = 0; !pair; i++) {
    const other = groups.get(ownerPrefix(of(`c${i}`)))
    if (other) pair = [other, `c${i}`]
    groups.set(ownerPrefix(of(`c${i}`)), `c${i}`)
  }
  const [own, other] = pair
  const text = `elements = { ::ffff:10.0.0.1 : ${formatAddress(ownerValue(of(other), []))} }`
  expect(findOwned(text, of(own))).toEqual([])
  expect(findOwned(text, of(other))).toHaveLength(1)
})

test('findOwned finds the addresses of one attachment among thousands', () => {
  const attachment = { containerID: 'c1', ifname: 'eth0', network: 'cbr0', pod: '', namespace: '' }
  const addresses = ['10.0.0.1', 'fd00::1'].map((text) => parseAddress(text))
  const own = ownerValue(attachment, addresses)
  const others = Array.from({ length: 3000 }, (_, i) => {
    const value = ownerValue({ ...attachment, containerID: `other${i}` }, [])
    return `::ffff:10.1.${i >> 8}.${i & 255} comment "h 1 n other${i} eth0 -" : ${formatAddress(value)}`
  })
  const text = [
    ...others,
    `::ffff:10.0.0.1 comment "h 1 n c1 eth0 -" : ${formatAddress(own)}`,
    `fd00::1 : ${formatAddress(own)}`,
  ].join(',\n\t\t')
  const found = findOwned(`table inet ip-masq {\n map owners {\n elements = { ${text} }\n }\n}\n`, attachment)
  expect(found).toEqual(addresses.map((address) => ({ address, owner: own })))
})
