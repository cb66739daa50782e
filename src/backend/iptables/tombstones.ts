import type { Family } from '../../policy/address'
import { digitsIn, hostDigits } from './owner-rows'
import { renderRule } from './render'
import type { Operation, Rule, Transaction } from './transaction'

/**
 * Attachments whose DEL has just come. A sync that read the result cache before that DEL must not bring their rules back.
 *
 * In nftables the kernel removes a tombstone after two minutes; iptables has no timeouts, and we have no daemon. So a
 * tombstone is a row in one of four chains, which take turns of 121 seconds since the boot, and each DEL empties the chain
 * of two turns ago. Only the DELs of the last minutes in which there were any are left behind. A row has its exact time,
 * so an old one means nothing. The chain of the next turn is not touched, because a DEL may be held up between reading the
 * clock and writing.
 *
 * The row is written in the same restore that deletes, so it costs no process. Whoever restores rules looks at these
 * chains after writing. So either the DEL has found the rules, or the restore finds the row.
 */
export const tombstonePrefix = 'IPM-D-'

const TURNS = 4
const TURN_SECONDS = 121
const TOMBSTONE_SECONDS = 120

export interface Tombstone {
  /** `attachmentId`. */
  readonly id: string
  readonly bootSeconds: number
}

function chainOfTurn(turn: number): string {
  return `${tombstonePrefix}${turn % TURNS}`
}

const TOMBSTONE_CHAINS: readonly string[] = Array.from({ length: TURNS }, (_, i) => chainOfTurn(i))

/** The chains that may hold tombstones that still count. */
export function currentChains(bootSeconds: number): string[] {
  const turn = Math.floor(bootSeconds / TURN_SECONDS)
  return [chainOfTurn(turn), chainOfTurn(turn + TURNS - 1)]
}

/** Adds a tombstone. It is refused where the chains are missing. */
export function addTombstone(family: Family, tombstone: Tombstone): Transaction {
  const turn = Math.floor(tombstone.bootSeconds / TURN_SECONDS)
  return [
    { do: 'flush-chain', chain: chainOfTurn(turn + 2) },
    { do: 'append', chain: chainOfTurn(turn), rule: tombstoneRow(family, tombstone) },
  ]
}

export function makeTombstoneChains({
  chains,
}: {
  readonly chains: ReadonlyMap<string, unknown>
}): Transaction {
  return TOMBSTONE_CHAINS.filter((chain) => !chains.has(chain)).map(
    (chain): Operation => ({ do: 'new-chain', chain }),
  )
}

/** Empties chains in which no tombstone counts any more. */
export function flushOldTombstones(
  { chains }: { readonly chains: ReadonlyMap<string, readonly string[]> },
  family: Family,
  bootSeconds: number,
): Transaction {
  return TOMBSTONE_CHAINS.filter((chain) => {
    const tombstones = (chains.get(chain) ?? []).map((rule) => parseTombstone(rule, family))
    return tombstones.length > 0 && !tombstones.some((one) => one && counts(one, bootSeconds))
  }).map((chain): Operation => ({ do: 'flush-chain', chain }))
}

/**
 * Deletes the tombstones of attachments that were added again after their DEL, at `addedAt` in seconds since the boot.
 * Only the rules of that later ADD showed that the tombstone no longer counts, so it is deleted together with them.
 */
export function deleteTombstones(
  { chains }: { readonly chains: ReadonlyMap<string, readonly string[]> },
  family: Family,
  addedAt: ReadonlyMap<string, number>,
): Transaction {
  return TOMBSTONE_CHAINS.flatMap((chain) =>
    (chains.get(chain) ?? []).flatMap((text): Operation[] => {
      const tombstone = parseTombstone(text, family)
      if (!tombstone || (addedAt.get(tombstone.id) ?? 0) < tombstone.bootSeconds) return []
      return [{ do: 'delete-rule', chain, rule: tombstoneRow(family, tombstone) }]
    }),
  )
}

/** A row has 64 bits of the id as two addresses; the interface's name holds its last four digits and the time. */
function tombstoneRow(family: Family, { id, bootSeconds }: Tombstone): Rule {
  const seconds = Math.floor(bootSeconds).toString(16).padStart(8, '0')
  return {
    source: hostDigits(family, id.slice(0, 8)),
    destination: hostDigits(family, id.slice(8, 16)),
    out: { name: `${id.slice(16)}${seconds}`, isWildcard: false },
    target: { to: 'return' },
  }
}

export function parseTombstone(rule: string, family: Family): Tombstone | undefined {
  const [source, destination] = [digitsIn(rule, '-s'), digitsIn(rule, '-d')]
  const [, idEnd = '', seconds = ''] = / -o ([0-9a-f]{4})([0-9a-f]{8}) /.exec(rule) ?? []
  if (!source || !destination || seconds === '') return undefined
  const tombstone = {
    id: `${source.slice(0, 8)}${destination.slice(0, 8)}${idEnd}`,
    bootSeconds: Number.parseInt(seconds, 16),
  }
  return rule === renderRule(tombstoneRow(family, tombstone)) ? tombstone : undefined
}

/**
 * Whether a tombstone still counts. It may be a little later than now, because another call may have read the clock after
 * us.
 */
export function counts(tombstone: Tombstone, bootSeconds: number): boolean {
  return Math.abs(bootSeconds - tombstone.bootSeconds) <= TOMBSTONE_SECONDS
}
