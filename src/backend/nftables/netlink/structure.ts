import { BASE_CHAIN, TABLE_NAME } from '../layout'
import { type Chain, DEFAULT_TIMEOUT, type FoundSet, type Line, type SetType, type Table } from '../table'
import { dumpOfSet, getOne, mayLack, must } from './ask'
import { elementsIn, rangesOf } from './decode'
import { decodeRule } from './decode-rules'
import { chainQuestion } from './layout'
import { CHAIN, DORMANT, HOOK, MESSAGES, POSTROUTING, RULE, SET, SET_FLAGS, TABLE, TYPES } from './protocol'
import type { Session } from './session'
import { type Attributes, attributesOf, type Message, parseAttributes, readText, readU32 } from './wire'
import type { Writer } from './writer'

/** Reads everything but the elements of the maps. Of the sets, only those of these policies are read with their contents. */
export function readStructure(session: Session, policies: readonly string[]): Table {
  const answer = getOne(session, {
    type: MESSAGES.getTable,
    write: (writer) => writer.text(TABLE.name, TABLE_NAME),
  })
  const flags = readU32(attributesOf(must(answer)).get(TABLE.flags)) ?? 0
  const isAsked = ({ name, type }: FoundSet) =>
    type.value === undefined && policies.some((policy) => name.startsWith(`${policy}-`))
  const sets = readSets(session).map((set) =>
    isAsked(set) ? { ...set, elements: rangesOf(borders(session, set.name)) } : set,
  )
  return { isDormant: (flags & DORMANT) !== 0, sets, chains: readChains(session) }
}

/** The elements of a set of intervals. The set is a tree, so a walk goes in the order of the keys and misses none. */
function borders(session: Session, set: string) {
  return dumpOfSet(session, set).messages.flatMap((message) => elementsIn(attributesOf(message)))
}

export function readSets(session: Session): FoundSet[] {
  const found = dumpOf(session, MESSAGES.getSet, (writer) => writer.text(SET.table, TABLE_NAME))
  return ofOurTable(found, SET.table).map((attributes) => {
    const number = (type: number) => readU32(attributes.get(type)) ?? 0
    const flags = number(SET.flags)
    const type: SetType = {
      key: keyType(number(SET.keyType)),
      ...((flags & SET_FLAGS.map) !== 0 && { value: valueType(number(SET.dataType)) }),
      flags: [
        ...(attributes.get(SET.timeout) ? [DEFAULT_TIMEOUT] : []),
        ...Object.entries(FLAG_NAMES).flatMap(([name, bit]) => (flags & bit ? [name] : [])),
      ],
    }
    return { name: readText(attributes.get(SET.name)), type, elements: [] }
  })
}

function keyType(type: number): SetType['key'] {
  return type === TYPES.ip ? 'ip' : type === TYPES.ip6 ? 'ip6' : 'another'
}

function valueType(type: number): NonNullable<SetType['value']> {
  return type === TYPES.verdict ? 'verdict' : keyType(type)
}

/** NFT_SET_CONSTANT, NFT_SET_EVAL, NFT_SET_INTERVAL, NFT_SET_TIMEOUT, in the order of nft's names for them. */
const FLAG_NAMES = { constant: 0x2, dynamic: 0x20, interval: SET_FLAGS.interval, timeout: SET_FLAGS.timeout }

/**
 * Lists objects of which there are few, and which the kernel does not reorder. The caller notices changes during the
 * dump.
 */
function dumpOf(session: Session, type: number, write: (writer: Writer) => void): readonly Message[] {
  return must(session.dump(type, write)).messages
}

/** Keeps our table's objects. Kernels that do not filter a dump return everybody's. */
function ofOurTable(messages: Iterable<{ readonly payload: Uint8Array }>, type: number): Attributes[] {
  return [...messages].map(attributesOf).filter((attributes) => readText(attributes.get(type)) === TABLE_NAME)
}

function readChains(session: Session): Chain[] {
  const rules = new Map<string, Line[]>()
  const found = dumpOf(session, MESSAGES.getRule, (writer) => writer.text(RULE.table, TABLE_NAME))
  for (const attributes of ofOurTable(found, RULE.table)) {
    const chain = readText(attributes.get(RULE.chain))
    const rule = decodeRule(attributes.get(RULE.expressions))
    const others = rules.get(chain)
    if (others) others.push(rule)
    else rules.set(chain, [rule])
  }
  const chains = dumpOf(session, MESSAGES.getChain, (writer) => writer.text(CHAIN.table, TABLE_NAME))
  return ofOurTable(chains, CHAIN.table).map((attributes) => {
    const name = readText(attributes.get(CHAIN.name))
    return { name, lines: [...hookOf(attributes), ...(rules.get(name) ?? [])] }
  })
}

/** The first lines of a base chain; none for any other chain. */
function hookOf(attributes: Attributes): Line[] {
  const hook = attributes.get(CHAIN.hook)
  if (!hook) return []
  const parts = parseAttributes(hook)
  const number = readU32(parts.get(HOOK.number)) ?? -1
  return [
    {
      do: 'hook',
      type: readText(attributes.get(CHAIN.type)),
      hook: HOOK_NAMES[number] ?? `${number}`,
      // The number is signed.
      priority: (readU32(parts.get(HOOK.priority)) ?? 0) | 0,
    },
    {
      do: 'policy',
      verdict: readU32(attributes.get(CHAIN.policy)) === POSTROUTING.accept ? 'accept' : 'drop',
    },
  ]
}

/** enum nf_inet_hooks */
export const HOOK_NAMES = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress']

/** Whether the base chain exists; it is looked up by its name. */
export function baseChainStands(session: Session): boolean {
  return mayLack(getOne(session, chainQuestion(BASE_CHAIN))) !== undefined
}
