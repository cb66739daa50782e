import { ATTACHMENTS, addOwner, addPod, deleteAddress } from '../../src/backend/nftables/layout'
import { setUpTable } from '../../src/backend/nftables/set-up'
import { addSlots, addTombstone, deleteSlots } from '../../src/backend/nftables/slots'
import type { Operation, Rule, Transaction } from '../../src/backend/nftables/transaction'
import type { Address } from '../../src/policy/address'
import { parseAddress } from '../../src/policy/address-text'
import { parsePrefix } from '../../src/policy/prefix'
import { rangeBetween, rangeOf } from '../../src/policy/range'

/** Every operation that there is, in an order in which each can be carried out; both carriers are held against each other. */

const [IPV4, IPV6] = ['10.244.1.7', 'fd00:244:1::7'].map((text) => parseAddress(text)) as [Address, Address]
const OWNER = '43b45b20eda72cad7568bf33bc3c6e12'
const DIGEST = '43b45b20eda72cad7568bf33'
const POLICY = 'policy-0123456789abcdef'
const [SET, SET6, OUT] = [`${POLICY}-ip`, `${POLICY}-ip6`, `${POLICY}-out`]

const range = (text: string) => {
  const [first = '', last] = text.split('-')
  if (last === undefined) return rangeOf(parsePrefix(text))
  return rangeBetween(parseAddress(first), parseAddress(last))
}
const elements = (set: string, ...texts: string[]): Operation => ({
  do: 'add-elements',
  set,
  elements: texts.map((text) => ({ range: range(text) })),
})

const ports = { first: 1024, last: 29999 }
const [source, source6] = [range('192.0.2.10-192.0.2.13'), range('2001:db8::1-2001:db8::3')]
const draw = { below: 28976, of: 61744 }

export const RULES: readonly Rule[] = [
  { do: 'exempt', family: 'ip', set: SET },
  { do: 'exempt', family: 'ip6', set: SET6, onlyDnat: true },
  { do: 'pin', family: 'ip', set: SET },
  { do: 'pin', family: 'ip6', set: SET6 },
  { do: 'limit', family: 'ip', set: SET },
  { do: 'divert', family: 'ip', set: SET, chain: OUT },
  { do: 'divert', family: 'ip6', set: SET6, chain: OUT },
  { do: 'skip-family', family: 'ip6' },
  { do: 'leave-through', interface: { name: 'eth0', isWildcard: false }, chain: OUT },
  { do: 'leave-through', interface: { name: 'bond', isWildcard: true }, chain: OUT },
  { do: 'translate', fullyRandom: true },
  { do: 'translate', fullyRandom: false },
  { do: 'translate', family: 'ip6', fullyRandom: true },
  { do: 'translate', ports: { protocol: 'tcp', range: ports }, fullyRandom: false },
  { do: 'translate', ports: { protocol: 'udp', range: { first: 4000, last: 4000 } }, fullyRandom: true },
  { do: 'translate', family: 'ip6', ports: { protocol: 'sctp', range: ports, draw }, fullyRandom: true },
  { do: 'translate', family: 'ip', to: range('192.0.2.10/32'), fullyRandom: true },
  { do: 'translate', family: 'ip', to: source, fullyRandom: false },
  {
    do: 'translate',
    family: 'ip',
    ports: { protocol: 'tcp', range: ports, draw },
    to: source,
    fullyRandom: true,
  },
  { do: 'translate', family: 'ip6', to: source6, fullyRandom: true },
  {
    do: 'translate',
    family: 'ip6',
    ports: { protocol: 'udp', range: ports },
    to: source6,
    fullyRandom: false,
  },
]

export const OPERATIONS: Transaction = [
  ...setUpTable(),
  { do: 'add-set', name: SET, key: 'ip' },
  { do: 'add-set', name: SET6, key: 'ip6' },
  elements(SET, '10.0.0.0/8', '192.0.2.10-192.0.2.13', '203.0.113.5/32', '224.0.0.0-255.255.255.255'),
  elements(SET6, 'fc00::/7', 'fe80::/10', 'ff00::/8'),
  { do: 'add-chain', name: POLICY },
  { do: 'add-chain', name: OUT },
  ...RULES.map((rule): Operation => ({ do: 'add-rule', chain: POLICY, rule })),
  ...[IPV4, IPV6].flatMap((address) => [
    addOwner(address, OWNER, '54f8385aba3bee96 1700000000 cbr0 4c1d eth0 shop/web-1'),
    addPod(address, POLICY),
  ]),
  ...[IPV4, IPV6].flatMap((address) => deleteAddress(address, OWNER)),
  { do: 'flush-set', name: SET },
  { do: 'flush-chain', name: POLICY },
  { do: 'delete-chain', name: POLICY },
  { do: 'delete-set', name: SET },
  addSlots(DIGEST, [IPV6, IPV4], { bootSeconds: 4711.9, netns: '/var/run/netns/cni-1' }),
  ...deleteSlots(DIGEST, 2),
  addTombstone(DIGEST),
  { do: 'delete-map', name: ATTACHMENTS },
  { do: 'delete-table' },
]
