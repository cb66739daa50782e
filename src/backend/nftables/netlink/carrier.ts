import type { Host } from '../../backend'
import { mayChangeRules, NO_CAPABILITY } from '../../capability'
import type { Carrier } from '../carrier'
import { failed } from './failures'
import { findOwned } from './find-owned'
import { baseChainStands, readOwnersOnly, readWholeTable } from './read'
import { reading } from './reading'
import type { Session } from './session'

/** The kernel's own interface: no process, and errors that are numbers. */
export function netlinkCarrier(session: Session, host: Host): Carrier {
  return {
    run(transaction) {
      const answer = session.run(transaction)
      return answer.ok ? answer : failed(answer.refusal, transaction)
    },
    readTable: (policies, isAtOnce = false) => reading(() => readWholeTable(session, { policies, isAtOnce })),
    readOwners: () => reading(() => readOwnersOnly(session)),
    findOwned: (attachment) => reading(() => findOwned(session, attachment)),
    isStanding() {
      const outcome = reading(() => baseChainStands(session))
      return !outcome.ok && outcome.failure === 'missing' ? { ok: true, value: false } : outcome
    },
    async probe() {
      const isAllowed = await mayChangeRules(host)
      if (isAllowed !== undefined) return isAllowed ? [] : [NO_CAPABILITY]
      const outcome = reading(() => baseChainStands(session))
      return outcome.ok || outcome.failure === 'missing' ? [] : [outcome.said]
    },
    explainRefusal: () => 'the kernel refused',
    explainUnusable: () => UNUSABLE,
  }
}

const UNUSABLE = 'no netlink socket can be opened here; use "carrier": "auto"'

/** Where netlink is insisted on, and there is none. */
export function noNetlinkCarrier(): Carrier {
  const refuse = () => ({ ok: false, failure: 'unusable', said: UNUSABLE }) as const
  return {
    run: refuse,
    readTable: refuse,
    readOwners: refuse,
    findOwned: refuse,
    isStanding: refuse,
    probe: async () => [UNUSABLE],
    explainRefusal: () => UNUSABLE,
    explainUnusable: () => UNUSABLE,
  }
}
