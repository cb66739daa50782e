import { some } from '../../lists'
import type { Backend, CarrierSetting, Host, Wanted } from '../backend'
import { apply, type Note } from './apply'
import type { Carriers } from './choose-carrier'
import { toError } from './failure'
import { list, listGone, prune } from './prune'
import { remove } from './remove'
import { replace } from './replace'
import { verify } from './verify'

/** Its one table, as `standing` calls it. */
const NAME = 'inet ip-masq'

export function nftables(carriers: Carriers, host: Host): Backend {
  const isStanding = () => {
    const outcome = carriers().isStanding()
    if (outcome.ok) return outcome.value
    // What did not come to an end says nothing of the table.
    return !['unusable', 'unsupported'].includes(outcome.failure)
  }
  // netlink finds out whether, nft says what in its own language; a rule of somebody else's is one of many kinds.
  const inWordsOfNft = (differences: string[], wanted: Wanted): string[] => {
    const isSaidByNft = carriers(wanted.carrier) === carriers('nft')
    if (differences.length === 0 || isSaidByNft || wanted.carrier === 'netlink') return differences
    try {
      return atLeast(verify(carriers('nft'), wanted), differences)
    } catch {
      return differences
    }
  }
  const now = () => ({ epochSeconds: host.epochSeconds(), bootSeconds: host.bootSeconds() })
  return {
    apply: async (wanted, isGone) =>
      apply(carriers(wanted.carrier), wanted, { note: noteOf(wanted, now()), ...(isGone && { isGone }) }),
    remove: async (attachment, hint, where) =>
      remove(carriers(where?.carrier), attachment, { hint, mayMakeTable: where?.setting !== 'iptables' }),
    verify: async (wanted, warn) => inWordsOfNft(verify(carriers(wanted.carrier), wanted, warn), wanted),
    replace: async (wanted, { dryRun }) =>
      replace(carriers(carrierOf(wanted)), wanted, { dryRun, now: now() }),
    prune: async (isStale, options) => prune(carriers(), isStale, options),
    list: async () => list(carriers()),
    gone: async () => listGone(carriers()),
    hasRules: async () => isStanding(),
    async tearDown() {
      const outcome = carriers().run([{ do: 'delete-table' }])
      if (!outcome.ok && outcome.failure !== 'missing') throw toError(carriers(), 'remove the rules', outcome)
    },
    probe: async (carrier) => carriers(carrier).probe(),
    standing: async (among = [NAME]) => (among.includes(NAME) && isStanding() ? [NAME] : []),
  }
}

function noteOf({ netns, origin }: Wanted, now: Note): Note {
  return { ...now, ...(netns !== undefined && { netns }), ...(origin && { origin }) }
}

/** What changed in between is not explained away. */
function atLeast(described: string[], found: string[]): string[] {
  return described.length > 0 ? described : found
}

/** All go in one transaction: by nft if a network asks for that. */
function carrierOf(wanted: readonly Wanted[]): CarrierSetting {
  return some(wanted, ({ carrier }) => carrier === 'nft') ? 'nft' : 'auto'
}
