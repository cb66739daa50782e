import type { Backend, CarrierSetting, Clock, Wanted } from '../backend'
import { apply } from './apply'
import type { Note } from './attachment-elements'
import type { Carriers } from './choose-carrier'
import { remove } from './remove'

/** The name of our one table, as `hookedTables` returns it. */
const NAME = 'inet ip-masq'

/** Has what a pod's own ADD and DEL need; the rest is loaded when it is used. */
export function nftables(carriers: Carriers, clock: Clock): Backend {
  const whole = async (carrier?: CarrierSetting) => (await carriers(carrier)).whole()
  const isStanding = async () => {
    const outcome = (await whole()).isStanding()
    if (outcome.ok) return outcome.value
    // A look that did not end proves nothing about the table.
    return !['unusable', 'unsupported'].includes(outcome.failure)
  }
  const now = () => ({ epochSeconds: clock.epochSeconds(), bootSeconds: clock.bootSeconds() })
  return {
    apply: async (wanted, isGone) =>
      apply(await carriers(wanted.carrier), wanted, {
        note: noteOf(wanted, now()),
        ...(isGone && { isGone }),
      }),
    remove: async (attachment, hint, where) =>
      remove(await carriers(where?.carrier), attachment, {
        hint,
        // On a node that uses iptables, the pod's next ADD would not remove a tombstone from a table of nft.
        mayMakeTable: where?.backend !== 'iptables' && where?.isGuess !== true,
      }),
    verify: async (wanted, warn) =>
      (await import('./verify')).verify(await whole(wanted.carrier), wanted, warn),
    replace: async (wanted, { dryRun }) =>
      (await import('./replace')).replace(await whole(carrierOf(wanted)), wanted, { dryRun, now: now() }),
    prune: async (isStale, options) => (await import('./prune')).prune(await whole(), isStale, options),
    list: async () => (await import('./prune')).list(await whole()),
    inspect: async (only) =>
      only
        ? (await import('./inspect-some')).inspectSome(await whole(), only)
        : (await import('./inspect')).inspect(await whole()),
    gone: async () => (await import('./prune')).listGone(await whole()),
    hasRules: isStanding,
    async tearDown() {
      const carrier = await whole()
      const outcome = carrier.run([{ do: 'delete-table' }])
      if (outcome.ok || outcome.failure === 'missing') return
      throw (await import('./failure')).toError(carrier, 'remove the rules', outcome)
    },
    probe: async (carrier) => (await carriers(carrier)).probe(),
    hookedTables: async (among = [NAME]) => (among.includes(NAME) && (await isStanding()) ? [NAME] : []),
  }
}

function noteOf({ netns, origin }: Wanted, now: Note): Note {
  return { ...now, ...(netns !== undefined && { netns }), ...(origin && { origin }) }
}

/** Chooses the carrier. All attachments go in one transaction: by nft if one network requests nft. */
function carrierOf(wanted: readonly Wanted[]): CarrierSetting {
  return wanted.some(({ carrier }) => carrier === 'nft') ? 'nft' : 'auto'
}
