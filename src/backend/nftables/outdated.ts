import { CniError } from '../../cni/error'
import { FAMILIES } from '../../policy/address'
import { BASE_CHAIN, LAYOUT, layoutChain } from './layout'
import { HOOK } from './render'
import { MAPS } from './set-up'
import type { Block } from './table-state'

/**
 * The chains of a table that have to be deleted before this layout can be set up: markers of older layouts, and a
 * base chain with another hook, which cannot be changed in place. A newer layout is left alone: its elements may
 * mean something that we do not know.
 */
export function outdatedChains(table: Block): string[] {
  const chains = table.blocks.flatMap((block) => (block.head.startsWith('chain ') ? [block] : []))
  return chains.flatMap(({ head, statements }) => {
    const name = head.slice('chain '.length)
    const layout = Number(/^layout-(\d+)$/.exec(name)?.[1] ?? LAYOUT)
    if (layout > LAYOUT) {
      const advice = 'use the newer ip-masq, or delete the table (open masqueraded connections break)'
      throw new CniError(
        'toolRefused',
        `Cannot change table inet ip-masq: its layout is ${layout}, ours ${LAYOUT}; ${advice}`,
      )
    }
    const isOlder = layout < LAYOUT
    const isHookedElsewhere = name === BASE_CHAIN && !statements.includes(HOOK)
    return isOlder || isHookedElsewhere ? [name] : []
  })
}

/** Maps of ours that have another type or other flags than ours: somebody made them by hand. */
export function wrongMaps(table: Block): string[] {
  return MAPS.flatMap(({ name, key, value, hasTimeout }) => {
    const found = table.blocks.find(({ head }) => head === `map ${name}` || head === `set ${name}`)
    if (!found) return []
    const type = `type ${FAMILIES[key].nftType} : ${value === 'verdict' ? value : FAMILIES[value].nftType}`
    const flags = hasTimeout ? ['flags timeout'] : []
    const described = found.statements.filter((line) => /^(type|flags) /.test(line))
    return described.join() === [type, ...flags].join() ? [] : [name]
  })
}

/** Whether the table has this layout's marker; layout 1 had none. */
export function hasLayout(table: Block): boolean {
  return table.blocks.some(({ head }) => head === `chain ${layoutChain}`)
}
