import type { Carrier, Outcome } from './carrier'
import { toError } from './failure'
import { NO_TABLE, type TableState } from './table-state'

/** Reads the whole table. The sets of `policies` are read with their contents. */
export function readTable(carrier: Carrier, action: string, policies: readonly string[] = []): TableState {
  return orNoTable(carrier, action, carrier.readTable(policies))
}

/** Reads who holds what, without the policies, because their lists may be long. */
export function readOwners(carrier: Carrier, action: string): TableState {
  return orNoTable(carrier, action, carrier.readOwners())
}

/** Treats a table that does not exist as one without rules. */
function orNoTable(carrier: Carrier, action: string, outcome: Outcome<TableState>): TableState {
  if (outcome.ok) return outcome.value
  if (outcome.failure === 'missing') return NO_TABLE
  throw toError(carrier, action, outcome)
}
