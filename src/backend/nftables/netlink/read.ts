import { addressOf, FAMILY_NAMES } from '../../../policy/address'
import { ERRNO } from '../../../system/errno'
import { ATTACHMENTS, OWNERS, POD_MAPS } from '../layout'
import { addressOfMapped, DIGITS, MAPPED_DIGITS } from '../mapped-digits'
import { slotState } from '../notes'
import { wrongMaps } from '../outdated'
import { MAPS } from '../set-up'
import { EMPTY_TABLE, findMap, type Table } from '../table'
import type { SlotState, TableState } from '../table-state'
import { RefusedRead } from './ask'
import { crossCheck, type MutableStates } from './cross-check'
import type { Session } from './session'
import { readSets, readStructure } from './structure'
import { walkMap } from './walk'

/** Reads our table from the kernel, with the elements of its maps. */

/**
 * The parts are read one after the other, and may not fit together on a node where others change them all the time. A
 * writer is safe all the same: its transaction compares with what was read, and is refused if that has changed.
 */
export function readWholeTable(session: Session, policies: readonly string[]): TableState {
  const table = readStructure(session, policies)
  return { table, ...readElements(session, soundMaps(table)) }
}

export function readOwnersOnly(session: Session): TableState {
  const table = { ...EMPTY_TABLE, sets: readSets(session) }
  const maps = soundMaps(table).filter((name) => name === OWNERS || name === ATTACHMENTS)
  return { table, ...readElements(session, maps) }
}

/** The maps that have our type. We could not read the elements of another type. */
function soundMaps(table: Table): string[] {
  const wrong = wrongMaps(table)
  return MAPS.map(({ name }) => name).filter((name) => findMap(table, name) && !wrong.includes(name))
}

type Elements = Omit<TableState, 'table'>

/** What a map's keys lack of the hex digits of an IPv6 address, which all other keys and all values are. */
const MISSING_DIGITS = { ip: MAPPED_DIGITS, ip6: '' } as const

function readElements(session: Session, maps: readonly string[]): Elements {
  const addresses: MutableStates = new Map()
  const slots: SlotState[] = []
  let isDoubtful = false
  const walk = (set: string) => {
    if (!maps.includes(set)) return []
    const found = mayBeAbsent(() => walkMap(session, set))
    isDoubtful ||= found?.mayLack ?? false
    return found?.elements ?? []
  }
  for (const { key, value, comment } of walk(OWNERS)) {
    if (value?.length !== DIGITS || key.length !== DIGITS) continue
    addresses.set(key, { address: addressOfMapped(key), owner: value, comment, verdict: undefined })
  }
  for (const family of FAMILY_NAMES) {
    for (const { key, verdict } of walk(POD_MAPS[family])) {
      const digits = MISSING_DIGITS[family] + key
      if (verdict === undefined || digits.length !== DIGITS) continue
      const known = addresses.get(digits)
      if (known) known.verdict = verdict
      else addresses.set(digits, { address: addressOf(key), verdict })
    }
  }
  for (const { key, value, comment } of walk(ATTACHMENTS)) {
    if (value?.length !== DIGITS || key.length !== DIGITS) continue
    // Nearly always it is the address of an owner, and then one value serves both.
    const known = addresses.get(value)
    const slot = slotState(key, known?.address ?? addressOfMapped(value), comment)
    slots.push(slot)
    if (!known && slot.address) addresses.set(value, { address: slot.address })
  }
  const elements = crossCheck(session, maps, { addresses, slots })
  return isDoubtful ? { ...elements, mayLack: true } : elements
}

/** The result of `read`; undefined where there is no such map. */
function mayBeAbsent<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof RefusedRead && error.refusal.errno === ERRNO.ENOENT) return undefined
    throw error
  }
}
