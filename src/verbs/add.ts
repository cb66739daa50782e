import type { Listed } from '../backend/backend'
import { toCniError } from '../cni/error'
import type { AddedPod } from '../sync/restore'
import type { Answer, Call, Input } from './call'
import { readWanted } from './read-wanted'

/** The verb ADD. It returns prevResult as received: we assign no address, and what others put there belongs to them. */
export async function add(call: Call, input: Input): Promise<Answer> {
  const { wanted, warnings, text, result, config, settings } = await readWanted('ADD', call, input)
  // This comes before anything is installed: an ADD that cannot return its result has failed, and must leave nothing
  // behind.
  if (!result) throw new Error('prevResult was parsed, but not found in the text')
  const stdout = text.slice(result.start, result.end).trim()
  const { attachment, netns } = wanted
  // Loaded only when an attachment of another network has one of the addresses.
  const isGone = async (holder: Listed) =>
    (await import('../sync/holder')).isHolderGone(holder, { cacheDir: call.cacheDir, netns })
  const { tableWasMissing, warnings: replaced = [] } = await call.backend.apply(wanted, isGone)
  const restored = tableWasMissing ? await restoreOthers(call, { attachment, config, settings }) : []
  return { stdout, warnings: [...warnings, ...replaced, ...restored] }
}

/** Restores the rules of the network's other pods after a loss. The ADD has its own rules, so nothing here may fail it. */
async function restoreOthers(call: Call, added: AddedPod): Promise<readonly string[]> {
  try {
    return await (await import('../sync/restore-others')).restoreOthers(call, added)
  } catch (error) {
    return [
      `the table was gone; run ip-masq sync to restore the rules of other attachments: ${toCniError(error).message}`,
    ]
  }
}
