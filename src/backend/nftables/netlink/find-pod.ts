import { decodeLatin1 } from '#system/text'
import { type Address, addressOf, fromMapped } from '../../../policy/address'
import { ERRNO } from '../../../system/errno'
import { OWNERS } from '../layout'
import { mayNamePod } from '../pod-comment'
import { dumpOfSet, RefusedRead } from './ask'
import { elementsIn } from './decode'
import type { Session } from './session'
import { attributesOf, type Message } from './wire'

/**
 * The elements of `owners` whose comments may name a pod. Parsing all of 10,000 elements takes most of a second, so
 * messages are searched as text first.
 */
export function findPod(session: Session, pod: string): readonly Address[] {
  const messages = messagesOf(session)
  const texts = messages.map(({ payload }) => decodeLatin1(payload))
  const having = (text: string) => messages.filter((_, i) => texts[i]?.includes(text))
  const exact = addressesIn(having(` ${pod}\0`), pod)
  // A comment that was cut ends within the name. A comment that was not cut would have been found.
  return exact.length > 0 ? exact : addressesIn(messages, pod)
}

function messagesOf(session: Session): readonly Message[] {
  try {
    return dumpOfSet(session, OWNERS).messages
  } catch (error) {
    if (error instanceof RefusedRead && error.refusal.errno === ERRNO.ENOENT) return []
    throw error
  }
}

function addressesIn(messages: readonly Message[], pod: string): Address[] {
  return messages.flatMap((message) =>
    elementsIn(attributesOf(message)).flatMap(({ key, comment }) =>
      key.length === 32 && mayNamePod(comment ?? '', pod) ? [fromMapped(addressOf(key).value)] : [],
    ),
  )
}
