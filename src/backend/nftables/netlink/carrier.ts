import type { Host } from '../../backend'
import { mayChangeRules, NO_CAPABILITY } from '../../capability'
import type { Carrier } from '../carrier'
import { failed } from './failures'
import { findElements } from './find'
import { readLayout } from './layout'
import { baseChainStands, readOwnersOnly, readStructure, readWholeTable } from './read'
import { reading } from './reading'
import type { Session } from './session'

/** The kernel's own interface: no process, and errors that are numbers. */
export function netlinkCarrier(session: Session, host: Host): Carrier {
  return {
    run(transaction) {
      const answer = session.run(transaction)
      return answer.ok ? answer : failed(answer.refusal, transaction)
    },
    lookUp: (keys) => reading(() => findElements(session, keys)),
    readLayout: () => reading(() => readLayout(session)),
    readStructure: (policies) => reading(() => readStructure(session, policies)),
    readTable: (policies) => reading(() => readWholeTable(session, policies)),
    readOwners: () => reading(() => readOwnersOnly(session)),
    isStanding: () => reading(() => baseChainStands(session)),
    probe() {
      const isAllowed = mayChangeRules(host)
      if (isAllowed !== undefined) return isAllowed ? [] : [NO_CAPABILITY]
      const outcome = reading(() => baseChainStands(session))
      return outcome.ok ? [] : [outcome.said]
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
    lookUp: refuse,
    readLayout: refuse,
    readStructure: refuse,
    readTable: refuse,
    readOwners: refuse,
    isStanding: refuse,
    probe: () => [UNUSABLE],
    explainRefusal: () => UNUSABLE,
    explainUnusable: () => UNUSABLE,
  }
}
