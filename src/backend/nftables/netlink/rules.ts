import { encode } from '#system/text'
import type { Family } from '../../../policy/address'
import { endsOf } from '../../../policy/range'
import type { Rule, Translation } from '../transaction'
import { addressBytes, WIRE_FAMILIES } from './addresses'
import { VERDICTS } from './data'
import type { Expression } from './expressions'

/** Encodes our rules as expressions: the same that nft makes from their text, attribute by attribute. */

/** enum nft_registers: 0 takes the verdict, 1 to 4 have 16 bytes each. */
const VERDICT_REGISTER = 0

/** enum nft_meta_keys */
const META = { oifname: 7, nfproto: 15, l4proto: 16 } as const
/** NFT_PAYLOAD_NETWORK_HEADER */
const NETWORK_HEADER = 1
/** enum nft_cmp_ops */
const CMP = { eq: 0, neq: 1, lt: 2 } as const
/** NFT_CT_STATUS, and IPS_DST_NAT of linux/netfilter/nf_conntrack_common.h in the machine's byte order. */
const CT_STATUS = 2
const DST_NAT = Uint8Array.of(0x20, 0, 0, 0)
/** NFT_LOOKUP_F_INV */
const INVERTED = 1
/** NFT_BYTEORDER_HTON */
const HTON = 1
/** NFT_NG_RANDOM */
const RANDOM = 1
/** NFT_NAT_SNAT */
const SNAT = 0
/** NF_NAT_RANGE_PROTO_SPECIFIED, NF_NAT_RANGE_PROTO_RANDOM_FULLY */
const NAT_FLAGS = { proto: 0x2, fullyRandom: 0x10 } as const
/** IFNAMSIZ */
const NAME_BYTES = 16

export const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 }

export function expressionsOf(rule: Rule): Expression[] {
  switch (rule.do) {
    case 'dispatch':
      return [
        ...loadAddress(rule.family, 'saddr'),
        make('lookup', { sreg: 1, dreg: VERDICT_REGISTER, set: rule.map }),
      ]
    case 'exempt':
      return [...matchDestination(rule), ...(rule.onlyDnat ? MATCH_DNAT : []), RETURN]
    case 'pin':
      return [
        ...matchDestination(rule),
        load(rule.family, 'saddr'),
        make('nat', { type: SNAT, family: WIRE_FAMILIES[rule.family].nfproto, addr_min: 1 }),
      ]
    case 'limit':
      return [...matchDestination(rule, INVERTED), RETURN]
    case 'divert':
      return [...matchDestination(rule), goto(rule.chain)]
    case 'skip-family':
      return [...matchFamily(rule.family), RETURN]
    case 'leave-through':
      return [
        make('meta', { key: META.oifname, dreg: 1 }),
        make('cmp', { sreg: 1, op: CMP.eq, data: interfaceName(rule.interface) }),
        goto(rule.chain),
      ]
    case 'translate':
      return translation(rule)
    default:
      return rule satisfies never
  }
}

function make(name: string, attributes: Expression['attributes']): Expression {
  return { name, attributes }
}

function goto(chain: string): Expression {
  return make('immediate', { dreg: VERDICT_REGISTER, data: { code: VERDICTS.goto, chain } })
}

const RETURN = make('immediate', { dreg: VERDICT_REGISTER, data: { code: VERDICTS.return } })

const MATCH_DNAT = [
  make('ct', { key: CT_STATUS, dreg: 1 }),
  make('bitwise', { sreg: 1, dreg: 1, len: 4, mask: DST_NAT, xor: new Uint8Array(4) }),
  make('cmp', { sreg: 1, op: CMP.neq, data: new Uint8Array(4) }),
]

function matchFamily(family: Family): Expression[] {
  return [
    make('meta', { key: META.nfproto, dreg: 1 }),
    make('cmp', { sreg: 1, op: CMP.eq, data: Uint8Array.of(WIRE_FAMILIES[family].nfproto) }),
  ]
}

function load(family: Family, field: 'saddr' | 'daddr'): Expression {
  const { [field]: offset, bytes } = WIRE_FAMILIES[family]
  return make('payload', { dreg: 1, base: NETWORK_HEADER, offset, len: bytes })
}

function loadAddress(family: Family, field: 'saddr' | 'daddr'): Expression[] {
  return [...matchFamily(family), load(family, field)]
}

function matchDestination(
  { family, set }: { readonly family: Family; readonly set: string },
  flags?: number,
): Expression[] {
  const lookup = make('lookup', { sreg: 1, set, ...(flags !== undefined && { flags }) })
  return [...loadAddress(family, 'daddr'), lookup]
}

/** Compares all 16 bytes of a name, or only the written bytes of a wildcard. */
function interfaceName({ name, isWildcard }: { readonly name: string; readonly isWildcard: boolean }) {
  const bytes = encode(name)
  if (isWildcard) return bytes
  const all = new Uint8Array(NAME_BYTES)
  all.set(bytes)
  return all
}

function translation({ family, ports, to, fullyRandom }: Translation): Expression[] {
  const addresses = to ? endsOf(to) : []
  const protoRegister = addresses.length + 1
  const flags = (ports ? NAT_FLAGS.proto : 0) | (fullyRandom ? NAT_FLAGS.fullyRandom : 0)
  const [first, last] = ports ? [ports.range.first, ports.range.last] : []
  const hasRange = first !== undefined && last !== undefined && first !== last
  const proto = ports && {
    proto_min: protoRegister,
    ...(hasRange && { proto_max: protoRegister + 1 }),
  }
  const common = { ...proto, ...(flags !== 0 && { flags }) }
  return [
    ...(family && !to ? matchFamily(family) : []),
    ...(ports ? matchProtocol(ports.protocol) : []),
    ...(ports?.draw ? draw(ports.draw) : []),
    ...addresses.map((address, i) => make('immediate', { dreg: i + 1, data: addressBytes(address) })),
    ...(first !== undefined && last !== undefined
      ? (hasRange ? [first, last] : [first]).map((port, i) =>
          make('immediate', { dreg: protoRegister + i, data: Uint8Array.of(port >> 8, port & 0xff) }),
        )
      : []),
    to
      ? make('nat', {
          type: SNAT,
          family: WIRE_FAMILIES[to.family].nfproto,
          addr_min: 1,
          ...(addresses.length > 1 && { addr_max: 2 }),
          ...common,
        })
      : make('masq', common),
  ]
}

function matchProtocol(protocol: string): Expression[] {
  return [
    make('meta', { key: META.l4proto, dreg: 1 }),
    make('cmp', { sreg: 1, op: CMP.eq, data: Uint8Array.of(PROTOCOLS[protocol] ?? 0) }),
  ]
}

/** `numgen random mod N < M`: the number is in the machine's byte order, and compared in the network's. */
function draw({ below, of }: { readonly below: number; readonly of: number }): Expression[] {
  const limit = new Uint8Array(4)
  new DataView(limit.buffer).setUint32(0, below)
  return [
    make('numgen', { dreg: 1, modulus: of, type: RANDOM, offset: 0 }),
    make('byteorder', { sreg: 1, dreg: 1, op: HTON, len: 4, size: 4 }),
    make('cmp', { sreg: 1, op: CMP.lt, data: limit }),
  ]
}
