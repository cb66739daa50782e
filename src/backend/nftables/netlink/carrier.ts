import type { Machine } from '../../backend'
import { mayChangeRules, NO_CAPABILITY } from '../../capabilities'
import type { QuickCarrier } from '../carrier'
import { encodeElements } from './encode-batch'
import { failed } from './failures'
import type { Session } from './session'

/** Uses the kernel's own interface: it needs no process, and errors are numbers. */
export function netlinkCarrier(session: Session, machine: Machine): QuickCarrier {
  const whole = async () => (await import('./whole-carrier')).wholeCarrier(session)
  return {
    run(transaction) {
      const answer = session.run(transaction, encodeElements)
      return answer.ok ? answer : failed(answer.refusal, transaction)
    },
    async probe() {
      const isAllowed = mayChangeRules((await machine()).host)
      if (isAllowed !== undefined) return isAllowed ? [] : [NO_CAPABILITY]
      const outcome = (await whole()).isStanding()
      return outcome.ok ? [] : [outcome.said]
    },
    whole,
  }
}
