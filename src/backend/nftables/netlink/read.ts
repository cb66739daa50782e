import { FAMILY_NAMES, formatAddress } from '../../../policy/address'
import { ERRNO } from '../../../system/errno'
import { ATTACHMENTS, BASE_CHAIN, OWNERS, POD_MAPS } from '../layout'
import { wrongMaps } from '../outdated'
import { HOOK as HOOK_TEXT, TABLE, TABLE_NAME } from '../render'
import { MAPS } from '../set-up'
import { slotState } from '../slot-notes'
import { type AddressState, type Block, hasObject, type SlotState, type TableState } from '../table-state'
import { addressOfBytes, ownerAddress } from './addresses'
import { crossCheck } from './cross-check'
import { elementsIn, rangesOf } from './decode'
import { ruleText } from './known-rules'
import { chainQuestion } from './layout'
import {
  CHAIN,
  DORMANT,
  HOOK,
  MESSAGES,
  POSTROUTING,
  RULE,
  SET,
  SET_FLAGS,
  TABLE as TABLE_ATTRIBUTES,
  TYPES,
} from './protocol'
import { dumpOfSet, getOne, mayLack, must, RefusedRead } from './reading'
import type { Session } from './session'
import { walkMap } from './walk'
import { type Attributes, attributesOf, type Message, parseAttributes, readText, readU32 } from './wire'
import type { Writer } from './writer'

/** Our table as the kernel has it, in the shape in which a listing of nft's is read. */

/** Everything but the elements of the maps. */
export function readStructure(session: Session, policies: readonly string[]): TableState {
  const answer = getOne(session, {
    type: MESSAGES.getTable,
    write: (writer) => writer.text(TABLE_ATTRIBUTES.name, TABLE_NAME),
  })
  const isDormant = ((readU32(attributesOf(must(answer)).get(TABLE_ATTRIBUTES.flags)) ?? 0) & DORMANT) !== 0
  const isAsked = (set: string) => policies.some((policy) => set.startsWith(`${policy}-`))
  const blocks = setsIn(session).map(({ name, isMap, statements }): Block => {
    const elements = !isMap && isAsked(name) ? rangesOf(borders(session, name)) : []
    const head = `${isMap ? 'map' : 'set'} ${name}`
    return { head, statements, blocks: [{ head: 'elements =', statements: elements, blocks: [] }] }
  })
  return {
    table: {
      head: `table ${TABLE}`,
      statements: isDormant ? ['flags dormant'] : [],
      blocks: [...blocks, ...chainsIn(session)],
    },
    addresses: [],
    slots: [],
  }
}

/** Of a set of intervals, which is a tree: its walks go by the keys' order. */
function borders(session: Session, set: string) {
  return dumpOfSet(session, set).messages.flatMap((message) => [...elementsIn(attributesOf(message))])
}

/**
 * Its parts may be of different moments, on a node where others change theirs all the time: who writes after it compares
 * with what was read, and is refused.
 */
export function readWholeTable(session: Session, policies: readonly string[]): TableState {
  const structure = readStructure(session, policies)
  return { ...structure, ...readElements(session, soundMaps(structure.table)) }
}

export function readOwnersOnly(session: Session): TableState {
  const blocks = setsIn(session).map(({ name, isMap, statements }): Block => {
    return { head: `${isMap ? 'map' : 'set'} ${name}`, statements, blocks: [] }
  })
  const table = { head: `table ${TABLE}`, statements: [], blocks }
  const maps = soundMaps(table).filter((name) => name === OWNERS || name === ATTACHMENTS)
  return { table, ...readElements(session, maps) }
}

/** A map of another type than ours has nothing that we could read. */
function soundMaps(table: Block): string[] {
  const wrong = wrongMaps(table)
  return MAPS.map(({ name }) => name).filter(
    (name) => hasObject(table, `map ${name}`) && !wrong.includes(name),
  )
}

type Elements = Omit<TableState, 'table'>

function readElements(session: Session, maps: readonly string[]): Elements {
  const addresses = new Map<string, AddressState>()
  let isDoubtful = false
  const walk = (set: string) => {
    if (!maps.includes(set)) return []
    const found = mayBeAbsent(() => walkMap(session, set))
    isDoubtful ||= found?.mayLack ?? false
    return found?.elements ?? []
  }
  for (const { key, value, comment } of walk(OWNERS)) {
    if (value?.length !== 16 || key.length !== 16) continue
    const address = ownerAddress(key)
    const owner = addressOfBytes(value)
    addresses.set(formatAddress(address), { address, owner, ...(comment !== undefined && { comment }) })
  }
  for (const family of FAMILY_NAMES) {
    for (const { key, verdict } of walk(POD_MAPS[family])) {
      if (verdict === undefined) continue
      const address = addressOfBytes(key)
      const text = formatAddress(address)
      addresses.set(text, { ...addresses.get(text), address, verdict })
    }
  }
  const slots = walk(ATTACHMENTS).flatMap(({ key, value, comment }): SlotState[] =>
    value?.length === 16 && key.length === 16
      ? [
          slotState(addressOfBytes(key), {
            value: addressOfBytes(value),
            ...(comment !== undefined && { comment }),
          }),
        ]
      : [],
  )
  const elements = crossCheck(session, maps, { addresses: [...addresses.values()], slots })
  return isDoubtful ? { ...elements, mayLack: true } : elements
}

/** What a map of that name has; undefined where there is no such map. */
function mayBeAbsent<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof RefusedRead && error.refusal.errno === ERRNO.ENOENT) return undefined
    throw error
  }
}

interface FoundSet {
  readonly name: string
  readonly isMap: boolean
  /** Its type and flags, as nft lists them. */
  readonly statements: readonly string[]
}

function setsIn(session: Session): FoundSet[] {
  const found = dumpOf(session, MESSAGES.getSet, (writer) => writer.text(SET.table, TABLE_NAME))
  return ofOurTable(found, SET.table).map((attributes) => {
    const number = (type: number) => readU32(attributes.get(type)) ?? 0
    const flags = number(SET.flags)
    const isMap = (flags & SET_FLAGS.map) !== 0
    const value = isMap ? ` : ${TYPE_NAMES.get(number(SET.dataType)) ?? 'another'}` : ''
    const names = Object.entries(FLAG_NAMES).filter(([, bit]) => flags & bit)
    return {
      name: readText(attributes.get(SET.name)),
      isMap,
      statements: [
        `type ${TYPE_NAMES.get(number(SET.keyType)) ?? 'another'}${value}`,
        ...(names.length > 0 ? [`flags ${names.map(([name]) => name).join(',')}`] : []),
      ],
    }
  })
}

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [TYPES.ip, 'ipv4_addr'],
  [TYPES.ip6, 'ipv6_addr'],
  [TYPES.verdict, 'verdict'],
])

/** NFT_SET_CONSTANT, NFT_SET_INTERVAL, NFT_SET_TIMEOUT, NFT_SET_EVAL, in the order in which nft lists them. */
const FLAG_NAMES = { constant: 0x2, interval: SET_FLAGS.interval, timeout: SET_FLAGS.timeout, dynamic: 0x20 }

/** Of what there are few, in a list that the kernel does not reorder. What changes meanwhile is for the caller to notice. */
function dumpOf(session: Session, type: number, write: (writer: Writer) => void): readonly Message[] {
  return must(session.dump(type, write)).messages
}

/** Kernels that know no filter for a dump answer with everybody's. */
function ofOurTable(messages: Iterable<{ readonly payload: Uint8Array }>, type: number): Attributes[] {
  return [...messages].map(attributesOf).filter((attributes) => readText(attributes.get(type)) === TABLE_NAME)
}

function chainsIn(session: Session): Block[] {
  const rules = new Map<string, string[]>()
  const found = dumpOf(session, MESSAGES.getRule, (writer) => writer.text(RULE.table, TABLE_NAME))
  for (const attributes of ofOurTable(found, RULE.table)) {
    const chain = readText(attributes.get(RULE.chain))
    rules.set(chain, [...(rules.get(chain) ?? []), ruleText(attributes.get(RULE.expressions))])
  }
  const chains = dumpOf(session, MESSAGES.getChain, (writer) => writer.text(CHAIN.table, TABLE_NAME))
  return ofOurTable(chains, CHAIN.table).map((attributes) => {
    const name = readText(attributes.get(CHAIN.name))
    return {
      head: `chain ${name}`,
      statements: [...hookText(attributes), ...(rules.get(name) ?? [])],
      blocks: [],
    }
  })
}

/** As nft prints a base chain's first line. */
function hookText(attributes: Attributes): string[] {
  const hook = attributes.get(CHAIN.hook)
  if (!hook) return []
  const parts = parseAttributes(hook)
  const [number, priority] = [readU32(parts.get(HOOK.number)), (readU32(parts.get(HOOK.priority)) ?? 0) | 0]
  const type = readText(attributes.get(CHAIN.type))
  const isOurs = type === 'nat' && number === POSTROUTING.hook && priority === POSTROUTING.priority
  const policy = readU32(attributes.get(CHAIN.policy)) === POSTROUTING.accept ? 'accept' : 'drop'
  return [
    isOurs ? HOOK_TEXT : `type ${type} hook ${HOOKS[number ?? -1] ?? number} priority ${priority}`,
    `policy ${policy}`,
  ]
}

/** enum nf_inet_hooks */
const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress']

/** The base chain, asked for by its name. */
export function baseChainStands(session: Session): boolean {
  return mayLack(getOne(session, chainQuestion(BASE_CHAIN))) !== undefined
}
