import { CniError } from '../../cni/error'
import { BASE_CHAIN, LAYOUT, layoutChain } from './layout'
import { isSame } from './same'
import { MAPS } from './set-up'
import { findChain, HOOK, type SetType, type Table } from './table'

/**
 * The chains of a table that have to be deleted before this layout can be set up: markers of older layouts, and a base
 * chain with another hook, which cannot be changed in place. A newer layout is left alone, because its elements may mean
 * something that we do not know.
 */
export function outdatedChains({ chains }: Table): string[] {
  return chains.flatMap(({ name, lines }) => {
    const layout = Number(/^layout-(\d+)$/.exec(name)?.[1] ?? LAYOUT)
    if (layout > LAYOUT) {
      const advice = 'use the newer version, or delete the table (open masqueraded connections break)'
      throw new CniError(
        'toolRefused',
        `Cannot change table inet ip-masq: a newer version of ip-masq made it (layout ${layout}, this version has ${LAYOUT}); ${advice}`,
      )
    }
    const isOlder = layout < LAYOUT
    const isHookedElsewhere = name === BASE_CHAIN && !lines.some((line) => isSame(line, HOOK))
    return isOlder || isHookedElsewhere ? [name] : []
  })
}

/** Maps of ours with another type or other flags: somebody made them by hand. */
export function wrongMaps({ sets }: Table): string[] {
  return MAPS.flatMap(({ name, key, value, hasTimeout }) => {
    const found = sets.find((one) => one.name === name)
    const type: SetType = { key, value, flags: hasTimeout ? ['timeout'] : [] }
    return !found || isSame(found.type, type) ? [] : [name]
  })
}

/** Whether the table has this layout's marker; layout 1 had none. */
export function hasLayout(table: Table): boolean {
  return findChain(table, layoutChain) !== undefined
}
