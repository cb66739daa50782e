import { FAMILY_NAMES, formatAddress } from '../../../policy/address'
import { ERRNO } from '../../../system/errno'
import { ATTACHMENTS, OWNERS, POD_MAPS } from '../layout'
import { slotState } from '../notes'
import { wrongMaps } from '../outdated'
import { MAPS } from '../set-up'
import { EMPTY_TABLE, findMap, type Table } from '../table'
import type { AddressState, SlotState, TableState } from '../table-state'
import { addressOfBytes, ownerAddress } from './addresses'
import { RefusedRead } from './ask'
import { crossCheck } from './cross-check'
import type { Session } from './session'
import { readSets, readStructure } from './structure'
import { walkMap } from './walk'

/** Our table as the kernel has it, with the elements of its maps. */

/**
 * The parts are read one after the other, and may not fit together on a node where others change theirs all the time. A
 * writer is safe all the same: its transaction compares with what was read, and is refused.
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

/** A map of another type than ours has nothing that we could read. */
function soundMaps(table: Table): string[] {
  const wrong = wrongMaps(table)
  return MAPS.map(({ name }) => name).filter((name) => findMap(table, name) && !wrong.includes(name))
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
