import { CniError } from '../cni/error'
import type { ToolResult } from '../exec'
import type { Backend, BackendSetting, Change, Host, Listed, Pruned, Replacement, Wanted } from './backend'
import { attachmentId, networkDigest } from './identity'
import { nftables } from './nftables'
import { markElsewhere, sawElsewhere } from './nftables/elsewhere'
import { mergePruned } from './pruned'

/** Both, as one: what is added goes where the config says, what is removed is looked for in both places. */
export interface Backends extends Backend {
  readonly of: (setting: BackendSetting) => Backend
}

/** iptables' part, which most calls do without: loading it would take 0.6 ms of each. */
let loaded: typeof import('./iptables') | undefined

/** Thrown where that part is needed and not loaded; nothing has been changed in vain. */
class NotLoaded extends Error {}

export async function loadIptables(): Promise<void> {
  loaded ??= await import('./iptables')
}

/** Runs what can be run twice: again, with iptables' part, if it asks for that. */
export async function withIptables<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof NotLoaded)) throw error
    await loadIptables()
    return work()
  }
}

type Tools = (tool: string, args: readonly string[], input: string) => ToolResult

export function backends(run: Tools, host: Host): Backends {
  const seen = { mayBeElsewhere: false, isNftAbsent: false, isIptablesAbsent: false }
  const nft = nftables((args, input) => {
    const result = run('nft', args, input)
    seen.mayBeElsewhere ||= sawElsewhere(result)
    seen.isNftAbsent ||= result.outcome === 'not-started'
    return result
  }, host)
  let nftAnswer: NftAnswer | undefined
  /** Settled: nft had it, or had a table without a mark; or it hangs or fails, which another tool would not change. */
  const askNft = (ask: () => string | undefined): NftAnswer => {
    seen.mayBeElsewhere = false
    const unknown = ask()
    return { unknown, isSettled: !seen.mayBeElsewhere || (unknown !== undefined && !seen.isNftAbsent) }
  }
  const others = () => {
    if (!loaded) throw new NotLoaded()
    return loaded.iptables((tool, args, input) => {
      const result = run(tool, args, input)
      seen.isIptablesAbsent ||= result.outcome === 'not-started'
      return result
    }, host)
  }
  const mark = () => markElsewhere((args, input) => run('nft', args, input))
  const marked = (): Backend => {
    const backend = others()
    return {
      ...backend,
      apply(wanted) {
        const applied = backend.apply(wanted)
        if (applied.tableWasMissing) mark()
        return applied
      },
      replace(wanted, options) {
        const replacement = backend.replace(wanted, options)
        if (!options.dryRun && replacement.script !== '') mark()
        return replacement
      },
    }
  }
  const auto = automatic(nft, marked)
  const of = (setting: BackendSetting) =>
    setting === 'iptables' ? marked() : { nftables: nft, auto }[setting]
  return {
    of,
    apply: (wanted) => of(wanted.setting).apply(wanted),
    verify: (wanted) => of(wanted.setting).verify(wanted),
    /** iptables is asked only where nft does not rule out that it has something. */
    remove(attachment, hint) {
      // Asked once, also where this is run again because iptables' part was not loaded.
      nftAnswer ??= askNft(() => nft.remove(attachment, hint))
      const { unknown, isSettled } = nftAnswer
      const unknownElsewhere = isSettled ? undefined : others().remove(attachment, hint)
      nftAnswer = undefined
      // A tool that is not there has put no rules.
      return isSettled || seen.isIptablesAbsent ? unknown : unknownElsewhere
    },
    replace(wanted, options) {
      seen.mayBeElsewhere = false
      return replaceInBoth(
        { nft, iptables: marked, mayBeElsewhere: () => seen.mayBeElsewhere },
        wanted,
        options,
      )
    },
    /** Always both: a mark can be lost, and GC has time. */
    prune(isStale, options) {
      const isShortStale = (listed: Listed) => isStale({ ...listed, id: shortId(listed.id) })
      const prune = (backend: Backend) => backend.prune(isShortStale, options)
      const own = unlessUnusable(() => prune(nft))
      // With neither there is nobody to ask, which is an error.
      if (!own) return prune(others())
      return mergePruned([own, unlessUnusable(() => prune(others())) ?? NOTHING_PRUNED])
    },
    probe: () => auto.probe(),
    isTableMissing: () => nft.isTableMissing(),
    id: (attachment) => shortId(attachmentId(attachment)),
    networkDigest,
  }
}

/** As much of an attachment's identity as both know. */
function shortId(id: string): string {
  return id.slice(0, 20)
}

/** nftables where it works; else iptables; else an error that says what each of them said. */
function automatic(nft: Backend, others: () => Backend): Backend {
  const first = <T>(run: (backend: Backend) => T): T => {
    try {
      return run(nft)
    } catch (error) {
      if (!isUnusable(error)) throw error
      return orBoth(error, () => run(others()))
    }
  }
  return {
    ...nft,
    apply: (wanted) => first((backend) => backend.apply(wanted)),
    verify: (wanted) => first((backend) => backend.verify(wanted)),
    replace: (wanted, options) => first((backend) => backend.replace(wanted, options)),
    async probe() {
      const missing = await nft.probe()
      if (missing.length === 0) return missing
      const missingToo = await others().probe()
      return missingToo.length === 0 ? [] : [...new Set([...missing, ...missingToo])]
    },
  }
}

function orBoth<T>(error: CniError, run: () => T): T {
  try {
    return run()
  } catch (other) {
    if (!isUnusable(other)) throw other
    throw new CniError(
      error.reason,
      `${error.message}; nor is iptables usable`,
      `${error.details}, ${other.details}`,
    )
  }
}

/** The tool cannot be started, or the kernel knows nothing of it. */
function isUnusable(error: unknown): error is CniError {
  if (!(error instanceof CniError)) return false
  return (
    /could be started/.test(error.message) ||
    /(?:Protocol|Operation) not supported|Table does not exist/.test(error.details)
  )
}

function unlessUnusable<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (isUnusable(error)) return undefined
    throw error
  }
}

interface NftAnswer {
  readonly unknown: string | undefined
  readonly isSettled: boolean
}

const NOTHING_PRUNED: Pruned = { removed: [], policies: [], failures: [] }

interface Places {
  readonly nft: Backend
  readonly iptables: () => Backend
  readonly mayBeElsewhere: () => boolean
}

/** Sync: each attachment where its config says, then away from the other place: never without a rule. */
function replaceInBoth(
  { nft, iptables: others, mayBeElsewhere }: Places,
  wanted: readonly Wanted[],
  options: { readonly dryRun: boolean },
): Replacement {
  const isForIptables = ({ setting }: Wanted) => setting === 'iptables'
  const [here, there] = [wanted.filter((one) => !isForIptables(one)), wanted.filter(isForIptables)]
  const automaticPart = automatic(nft, others)
  const parts = [automaticPart.replace(here, options)]
  if (there.length > 0) parts.push(others().replace(there, options))
  const held = parts.flatMap((part) => part.held)
  const moved = options.dryRun
    ? []
    : [...(mayBeElsewhere() ? leave(others(), here, held) : []), ...leave(nft, there, held)]
  const changes = parts.flatMap((part) => part.changes)
  return {
    changes: changes.map(
      (change): Change =>
        moved.includes(shortId(attachmentId(change.attachment))) ? { ...change, what: 'changed' } : change,
    ),
    held,
    repairs: parts.flatMap(({ repairs }) => repairs),
    unrepaired: parts.flatMap(({ unrepaired }) => unrepaired),
    script: parts.map(({ script }) => script).join(''),
  }
}

/** Takes attachments out of a backend that stand in the other now. The ids of those that were there. */
function leave(backend: Backend, wanted: readonly Wanted[], held: Replacement['held']): string[] {
  const isHeld = (one: Wanted) =>
    held.some(({ attachment }) => shortId(attachmentId(attachment)) === shortId(attachmentId(one.attachment)))
  const ids = new Set(
    wanted.filter((one) => !isHeld(one)).map(({ attachment }) => shortId(attachmentId(attachment))),
  )
  if (ids.size === 0) return []
  const pruned = unlessUnusable(() => backend.prune(({ id }) => ids.has(shortId(id)), { dryRun: false }))
  return (pruned?.removed ?? []).map(({ id }) => shortId(id))
}
