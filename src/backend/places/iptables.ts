import type { Backend, Host, Replacement, Tools, Wanted } from '../backend'
import { type IptablesBackend, oneKind } from '../iptables'
import { gone } from '../iptables/gone'
import { askedOnce } from '../iptables/holders'
import { inTurn } from '../iptables/in-turn'
import { type Kinds, kindsOf, type LegacyTables } from '../iptables/kinds'
import { mergeRemovals } from '../iptables/remove'
import { type Iptables, TOOLS } from '../iptables/tool'
import type { Departure } from './move'
import type { Place } from './place'

/**
 * iptables as the host has it: the one kind that is installed, or both kinds, each a place. The other files of this
 * folder see one place, because a call takes its turn once for both kinds, an ADD finds the right kind by trying, and
 * whether a DEL has just come depends on what both kinds have.
 */
export function iptables(run: Tools, host: Host, legacyTables: LegacyTables): Backend {
  const kinds = kindsOf(run, host, legacyTables)
  const backend = kinds.areBoth ? bothKinds(kinds, host) : oneKind(kinds.choose(), host)
  const change = <T>(work: () => T | Promise<T>) => inTurn(host, work)
  return {
    ...backend,
    apply: (...call) => change(() => backend.apply(...call)),
    remove: (...call) => change(() => backend.remove(...call)),
    replace: (...call) => change(() => backend.replace(...call)),
    prune: (...call) => change(() => backend.prune(...call)),
    tearDown: () => change(() => backend.tearDown()),
  }
}

type Kind = Place & IptablesBackend

interface Chosen {
  readonly place: Kind
  readonly others: readonly Kind[]
}

/** Adds rules to one kind, and looks in both kinds for rules to remove. */
function bothKinds({ candidates, choose }: Kinds, host: Host): Backend {
  const placeOf = (one: Iptables): Kind => ({ ...oneKind(one, host), name: `iptables${one.variant}` })
  const places = candidates.map(placeOf)
  const chosen = (): Chosen => {
    const one = choose()
    return { place: placeOf(one), others: candidates.filter((other) => other !== one).map(placeOf) }
  }
  return {
    apply: (wanted, isGone = async () => false) =>
      apply(places, chosen, { wanted, isGone: askedOnce(isGone) }),
    remove: (...call) => remove(places, call),
    verify: async (wanted) => verify(chosen(), wanted),
    replace: async (wanted, options) => replace(chosen(), wanted, options),
    prune: async (...call) => {
      const { mergePruned } = await import('./prune')
      return mergePruned(await oneByOne(places, (one) => one.prune(...call)))
    },
    list: async () => (await oneByOne(places, (one) => one.list())).flat(),
    inspect: async (only) => (await import('./inspect')).inspect(places, only),
    gone: async () => gone(candidates, host.bootSeconds()),
    async hasRules() {
      for (const one of places) if (await one.hasRules()) return true
      return false
    },
    async tearDown() {
      await oneByOne(places, (one) => one.tearDown())
    },
    probe: async () => (places[0] ?? chosen().place).probe(),
    async hookedTables(among = Object.values(TOOLS)) {
      const found: string[] = []
      for (const one of places)
        found.push(...(await one.hookedTables(among.filter((name) => !found.includes(name)))))
      return Object.values(TOOLS).filter((name) => found.includes(name))
    },
  }
}

/** Runs `work` in one place after the other, because each starts processes. */
async function oneByOne<T>(places: readonly Kind[], work: (one: Kind) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (const one of places) results.push(await work(one))
  return results
}

/** Tries the kinds in which its rules can be before it asks anything. */
async function apply(
  places: readonly Kind[],
  chosen: () => Chosen,
  { wanted, isGone }: { readonly wanted: Wanted; readonly isGone: ReturnType<typeof askedOnce> },
) {
  for (const one of places) {
    const applied = await one.applyWherePolicyIs(wanted, isGone)
    if (applied) return applied
  }
  return chosen().place.apply(wanted, isGone)
}

/**
 * One tombstone is enough, in the likelier kind. One in the other kind would outlive the next ADD, which goes to the
 * likelier kind, and keep the rules of that ADD from being restored. So a later kind is asked as if no rules would be
 * restored there.
 */
async function remove(places: readonly Kind[], [attachment, hint, where]: Parameters<Backend['remove']>) {
  const parts = []
  for (const one of places) {
    const isFirst = !parts.some(({ outcome }) => outcome === 'absent')
    const part = await one.remove(attachment, hint, isFirst ? where : where && { ...where, backend: 'auto' })
    if (part.outcome === 'removed') return part
    parts.push(part)
  }
  return mergeRemovals(parts)
}

async function verify({ place, others }: Chosen, wanted: Wanted): Promise<readonly string[]> {
  const { doubledIn } = await import('./verify')
  const differences = await place.verify(wanted)
  return [...differences, ...(await oneByOne(others, (one) => doubledIn(one, wanted))).flat()]
}

async function replace(
  { place, others }: Chosen,
  wanted: readonly Wanted[],
  options: { readonly dryRun: boolean },
): Promise<Replacement> {
  const { moveTo, takeOut } = await import('./move')
  const leave = async (ids: ReadonlySet<string>): Promise<Departure> => {
    const parts = await oneByOne(others, (one) => takeOut(ifUsed(one), ids, options))
    return {
      left: new Set(parts.flatMap(({ removed }) => removed.map(({ id }) => id))),
      failures: parts.flatMap(({ failures }) => failures),
    }
  }
  return moveTo(place, wanted, { ...options, leave })
}

/** Reads nothing where we have no rules, because the table may be somebody else's, and long. */
function ifUsed(place: Place): Pick<Place, 'prune'> {
  return {
    prune: async (...call) =>
      (await place.hasRules()) ? place.prune(...call) : { removed: [], policies: [], failures: [] },
  }
}
