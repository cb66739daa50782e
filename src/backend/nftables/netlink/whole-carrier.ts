import type { Carrier, QuickCarrier } from '../carrier'
import { reading } from './ask'
import { encodeTransaction } from './encode'
import { withoutEnd } from './encode-batch'
import { failed } from './failures'
import { findElements } from './find'
import { findPod } from './find-pod'
import { readLayout } from './layout'
import { readOwnersOnly, readWholeTable } from './read'
import type { Session } from './session'
import { baseChainStands, readStructure } from './structure'

export function wholeCarrier(session: Session): Carrier {
  return {
    run(transaction) {
      const answer = session.run(transaction, encodeTransaction)
      return answer.ok ? answer : failed(answer.refusal, transaction)
    },
    check(transaction) {
      const answer = session.run(transaction, (all, first) => withoutEnd(encodeTransaction(all, first)))
      return answer.ok ? answer : failed(answer.refusal, transaction)
    },
    lookUp: (keys) => reading(session, () => findElements(session, keys)),
    readLayout: () => reading(session, readLayout),
    readStructure: (policies) => reading(session, () => readStructure(session, policies)),
    readTable: (policies) => reading(session, () => readWholeTable(session, policies)),
    findPod: (pod) => reading(session, () => findPod(session, pod)),
    readOwners: () => reading(session, readOwnersOnly),
    isStanding: () => reading(session, baseChainStands),
    explainRefusal: () => 'the kernel refused the request',
    explainUnusable: () => UNUSABLE,
  }
}

const UNUSABLE = 'no netlink socket can be opened here; use "carrier": "auto"'

/** The carrier where the config insists on netlink, and there is none. */
export function noNetlinkCarrier(): Carrier & QuickCarrier {
  const refuse = () => ({ ok: false, failure: 'unusable', said: UNUSABLE }) as const
  const carrier = {
    run: refuse,
    check: refuse,
    lookUp: refuse,
    readLayout: refuse,
    readStructure: refuse,
    readTable: refuse,
    findPod: refuse,
    readOwners: refuse,
    isStanding: refuse,
    probe: async () => [UNUSABLE],
    explainRefusal: () => UNUSABLE,
    explainUnusable: () => UNUSABLE,
    whole: async () => carrier,
  }
  return carrier
}
