import { addressOf, FAMILY_NAMES, fromMapped, toMapped } from '../../../policy/address'
import { ERRNO } from '../../../system/errno'
import { ATTACHMENTS, OWNERS, POD_MAPS } from '../layout'
import { slotState } from '../notes'
import { wrongMaps } from '../outdated'
import { MAPS } from '../set-up'
import { EMPTY_TABLE, findMap, type Table } from '../table'
import type { AddressState, SlotState, TableState } from '../table-state'
import { RefusedRead } from './ask'
import { crossCheck } from './cross-check'
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

/** The hex digits of an IPv6 address, which all keys and values are except those of `pods-ip`. */
const DIGITS = 32

function readElements(session: Session, maps: readonly string[]): Elements {
  const addresses = new Map<bigint, AddressState>()
  let isDoubtful = false
  const walk = (set: string) => {
    if (!maps.includes(set)) return []
    const found = mayBeAbsent(() => walkMap(session, set))
    isDoubtful ||= found?.mayLack ?? false
    return found?.elements ?? []
  }
  for (const { key, value, comment } of walk(OWNERS)) {
    if (value?.length !== DIGITS || key.length !== DIGITS) continue
    const owner = addressOf(value)
    const mapped = addressOf(key).value
    addresses.set(mapped, { address: fromMapped(mapped), owner, comment })
  }
  for (const family of FAMILY_NAMES) {
    for (const { key, verdict } of walk(POD_MAPS[family])) {
      if (verdict === undefined) continue
      const address = addressOf(key)
      const mapped = toMapped(address)
      const known = addresses.get(mapped)
      addresses.set(mapped, { address, owner: known?.owner, comment: known?.comment, verdict })
    }
  }
  const slots = walk(ATTACHMENTS).flatMap(({ key, value, comment }): SlotState[] =>
    value?.length === DIGITS && key.length === DIGITS
      ? [slotState(key, { value: addressOf(value), comment })]
      : [],
  )
  const elements = crossCheck(session, maps, { addresses: [...addresses.values()], slots })
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
