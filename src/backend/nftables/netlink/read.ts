import { ERRNO } from '../../../libc'
import { FAMILY_NAMES, formatAddress } from '../../../policy/address'
import { BASE_CHAIN, OWNERS, POD_MAPS } from '../layout'
import { HOOK as HOOK_TEXT, TABLE, TABLE_NAME } from '../render'
import type { AddressState, Block, TableState } from '../table-state'
import { addressOfBytes, hexOf, ownerAddress } from './addresses'
import { elementsIn, type FoundElement, rangesOf } from './decode'
import { ruleText } from './known-rules'
import {
  CHAIN,
  DORMANT,
  GENERATION_ID,
  HOOK,
  MESSAGES,
  POSTROUTING,
  RULE,
  SET,
  SET_FLAGS,
  TABLE as TABLE_ATTRIBUTES,
} from './protocol'
import { messagesOfSet, must, RefusedRead } from './reading'
import { type Session, TOO_FAST, untilLate } from './session'
import { type Attributes, attributesOf, parseAttributes, readText, readU32 } from './wire'

/** Our table as the kernel has it, in the shape in which a listing of nft's is read. */

/**
 * Its parts may be of different moments, on a node where others change theirs all the time: who writes after it compares
 * with what was read, and is refused. `isAtOnce`: all of one moment, for CHECK, which only tells.
 */
export function readWholeTable(
  session: Session,
  { policies, isAtOnce }: { readonly policies: readonly string[]; readonly isAtOnce: boolean },
): TableState {
  const again = untilLate()
  for (;;) {
    const before = isAtOnce ? generation(session) : undefined
    const state = readParts(session, policies)
    if (!isAtOnce || generation(session) === before) return state
    if (!again()) throw new RefusedRead({ errno: ERRNO.EINTR, said: TOO_FAST })
  }
}

/** A number that changes with every transaction, everybody's. */
function generation(session: Session): number | undefined {
  return readU32(attributesOf(must(session.get(MESSAGES.getGeneration, () => {}))).get(GENERATION_ID))
}

function readParts(session: Session, policies: readonly string[]): TableState {
  const table = attributesOf(
    must(session.get(MESSAGES.getTable, (writer) => writer.text(TABLE_ATTRIBUTES.name, TABLE_NAME))),
  )
  const isDormant = ((readU32(table.get(TABLE_ATTRIBUTES.flags)) ?? 0) & DORMANT) !== 0
  const sets = setsIn(session)
  const isAsked = (set: string) => policies.some((policy) => set.startsWith(`${policy}-`))
  const blocks = sets.map(({ name, isMap }): Block => {
    const head = `${isMap ? 'map' : 'set'} ${name}`
    const elements = !isMap && isAsked(name) ? rangesOf(elementsOfSet(session, name)) : []
    return { head, statements: [], blocks: [{ head: 'elements =', statements: elements, blocks: [] }] }
  })
  return {
    table: {
      head: `table ${TABLE}`,
      statements: isDormant ? ['flags dormant'] : [],
      blocks: [...blocks, ...chainsIn(session)],
    },
    addresses: addressesIn(session, new Set(sets.map(({ name }) => name))),
  }
}

export function readOwnersOnly(session: Session): TableState {
  const addresses = ownersIn(session)
  return {
    table: { head: `table ${TABLE}`, statements: [], blocks: [] },
    addresses: [...addresses.values()],
  }
}

function elementsOfSet(session: Session, set: string): FoundElement[] {
  // The kernel gives them in the order of its hash table.
  return messagesOfSet(session, set)
    .flatMap((message) => [...elementsIn(attributesOf(message))])
    .map((element) => ({ element, digits: hexOf(element.key) }))
    .sort((a, b) => (a.digits < b.digits ? -1 : 1))
    .map(({ element }) => element)
}

function ownersIn(session: Session): Map<string, AddressState> {
  const states = new Map<string, AddressState>()
  for (const { key, value, comment } of elementsOfSet(session, OWNERS)) {
    if (!value) continue
    const address = ownerAddress(key)
    const owner = addressOfBytes(value)
    states.set(formatAddress(address), { address, owner, ...(comment !== undefined && { comment }) })
  }
  return states
}

function addressesIn(session: Session, sets: ReadonlySet<string>): AddressState[] {
  const states = sets.has(OWNERS) ? ownersIn(session) : new Map<string, AddressState>()
  for (const family of FAMILY_NAMES) {
    if (!sets.has(POD_MAPS[family])) continue
    for (const { key, goto } of elementsOfSet(session, POD_MAPS[family])) {
      if (goto === undefined) continue
      const address = addressOfBytes(key)
      const text = formatAddress(address)
      states.set(text, { ...states.get(text), address, goto })
    }
  }
  return [...states.values()]
}

function setsIn(session: Session): { readonly name: string; readonly isMap: boolean }[] {
  return ofOurTable(
    must(session.dump(MESSAGES.getSet, (writer) => writer.text(SET.table, TABLE_NAME))),
    SET.table,
  ).map((attributes) => ({
    name: readText(attributes.get(SET.name)),
    isMap: ((readU32(attributes.get(SET.flags)) ?? 0) & SET_FLAGS.map) !== 0,
  }))
}

/** Kernels that know no filter for a dump answer with everybody's. */
function ofOurTable(messages: Iterable<{ readonly payload: Uint8Array }>, type: number): Attributes[] {
  return [...messages].map(attributesOf).filter((attributes) => readText(attributes.get(type)) === TABLE_NAME)
}

function chainsIn(session: Session): Block[] {
  const rules = new Map<string, string[]>()
  const found = must(session.dump(MESSAGES.getRule, (writer) => writer.text(RULE.table, TABLE_NAME)))
  for (const attributes of ofOurTable(found, RULE.table)) {
    const chain = readText(attributes.get(RULE.chain))
    rules.set(chain, [...(rules.get(chain) ?? []), ruleText(attributes.get(RULE.expressions))])
  }
  const chains = must(session.dump(MESSAGES.getChain, (writer) => writer.text(CHAIN.table, TABLE_NAME)))
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
  const answer = session.get(MESSAGES.getChain, (writer) => {
    writer.text(CHAIN.table, TABLE_NAME)
    writer.text(CHAIN.name, BASE_CHAIN)
  })
  if (answer.ok) return true
  throw new RefusedRead(answer.refusal)
}
