import type { Backend, Listed, Wanted } from '../backend/backend'
import type { Backends } from '../backend/both'
import { type Attachment, parseAttachment } from '../cni/attachment'
import { checkVariables, type Environment, requireVariables } from '../cni/environment'
import { CniError, quote, renderError, toCniError } from '../cni/error'
import { type JsonObject, memberSpan, parseConfigText, rejectRepeatedKeys } from '../cni/json'
import { isSupported, NEWEST_VERSION, SUPPORTED_VERSIONS } from '../cni/version'
import type { PrimaryFirewall } from '../primary/firewall'
import { NotUtf8Error } from '../system/errors'
import { parseHint } from './del'
import { parseWanted } from './read-wanted'

/** One call by the runtime, and what it needs of the world. */
export interface Call {
  readonly environment: Environment
  /** Reads stdin to its end; throws what the system says. */
  readonly readStdin: () => string
  /** Its runs together take no longer than a call may. */
  readonly backend: Backends
  /** The same, with so many milliseconds for all runs together. */
  readonly backendWithin: (milliseconds: number) => Backend
  /** Where primary plugins may have put masquerade rules of their own. */
  readonly primaryFirewalls: () => Promise<readonly PrimaryFirewall[]>
  /** Where libcni keeps its results. */
  readonly cacheDir: string
}

/** `warnings` go to stderr, a line each; runtimes log them. */
export interface Reply {
  readonly stdout: string
  readonly warnings: readonly string[]
  readonly isError: boolean
}

type Answer = Pick<Reply, 'stdout' | 'warnings'>

const NOTHING: Answer = { stdout: '', warnings: [] }

/** Answers one call. The protocol's one rule for failures: an error object on stdout, and exit status 1. */
export async function answer(call: Call): Promise<Reply> {
  let version: string = NEWEST_VERSION
  const input: Input = {
    read() {
      const text = readText(call)
      const config = parseConfigText(text)
      if (isSupported(config.cniVersion)) version = config.cniVersion
      return { text, config }
    },
  }
  try {
    return { ...(await run(call, input)), isError: false }
  } catch (error) {
    return { stdout: renderError(toCniError(error), version), warnings: [], isError: true }
  }
}

interface Input {
  read(): { readonly text: string; readonly config: JsonObject }
}

async function run(call: Call, input: Input): Promise<Answer> {
  const command = call.environment.CNI_COMMAND
  switch (command) {
    case 'ADD':
      return add(call, input)
    case 'DEL':
      return del(call, input)
    case 'CHECK':
      return check(call, input)
    case 'GC':
      return gc(call, input)
    case 'STATUS':
      return status(call, input)
    case 'VERSION':
      return version(input)
    default:
      throw new CniError(
        'invalidEnvironment',
        `Cannot run CNI_COMMAND ${quote(command)}: use ADD, CHECK, DEL, GC, STATUS or VERSION`,
      )
  }
}

/** The result is prevResult as received: we give no address, and what others put there is theirs. */
async function add(call: Call, input: Input): Promise<Answer> {
  const { wanted, warnings, text, result, config } = await readWanted('ADD', call, input)
  // Before anything is installed: an ADD that cannot say its result has failed, and must leave nothing behind.
  if (!result) throw new Error('prevResult was parsed, but not found in the text')
  const stdout = text.slice(result.start, result.end).trim()
  const { netns } = wanted
  // Loaded only when an attachment of another network has one of the addresses.
  const isGone = async (holder: Listed) =>
    (await import('../sync/holder')).isHolderGone(holder, {
      cacheDir: call.cacheDir,
      netns,
    })
  const { tableWasMissing, warnings: replaced = [] } = await call.backend.apply(wanted, isGone)
  const restored = tableWasMissing ? await restoreOthers(call, wanted.attachment, config) : []
  return { stdout, warnings: [...warnings, ...replaced, ...restored] }
}

/** After a loss: the rules of the network's other pods. The ADD has its own, so nothing here may fail it. */
async function restoreOthers(call: Call, added: Attachment, config: JsonObject): Promise<readonly string[]> {
  try {
    return await (await import('../sync/restore-others')).restoreOthers(call, added, config)
  } catch (error) {
    return [
      `the table was gone; run ip-masq sync to restore the rules of other attachments: ${toCniError(error).message}`,
    ]
  }
}

/**
 * The first plugin that fails a DEL stops the chain, and the address is never freed. So it needs no more than the
 * attachment's name; anything else that can be read only makes it faster.
 */
async function del(call: Call, input: Input): Promise<Answer> {
  requireVariables('DEL', call.environment)
  const readConfig = () => input.read().config
  const { warnings, hint, ...where } = parseHint(readConfig, call.environment.CNI_IFNAME ?? '')
  const removal = await call.backend.remove(parseAttachment(call.environment), hint, where)
  if (!('said' in removal)) return { stdout: '', warnings }
  return { stdout: '', warnings: [...warnings, `DEL leaves rules behind if there are any: ${removal.said}`] }
}

/**
 * What is missing is repaired, unless the config says otherwise: a runtime that starts after a flush calls CHECK for every
 * pod (CRI-O), and what fails there costs the pod its address in the runtime's books. What is altered is drift.
 */
async function check(call: Call, input: Input): Promise<Answer> {
  const { wanted, repairOnCheck, warnings } = await readWanted('CHECK', call, input)
  const strange: string[] = []
  const differences = await call.backend.verify(wanted, (line) => strange.push(line))
  if (differences.length === 0) {
    const { primaryWarnings } = await import('../primary/warnings')
    const others = await primaryWarnings(call.primaryFirewalls, wanted.addresses)
    return { ...NOTHING, warnings: [...warnings, ...strange, ...others] }
  }
  const { containerID, ifname } = wanted.attachment
  const { repairMissing } = await import('../sync/repair')
  const left = repairOnCheck ? await repairMissing(call.backend, wanted, differences) : differences
  if (left.length === 0) {
    return {
      ...NOTHING,
      warnings: [...warnings, `CHECK restored the rules of ${containerID} ${ifname}, which were missing`],
    }
  }
  throw new CniError(
    'drift',
    `Cannot confirm the rules of ${containerID} ${ifname}: ${left.length} of them missing or altered`,
    [...ownListOf(wanted), ...left].join('\n'),
  )
}

/** What is compared is not what the conflist says, where the pod has a list of its own. */
function ownListOf({ podList }: Wanted): string[] {
  return podList ? [`the policy is made of the pod's own list of ${podList.length} prefixes`] : []
}

/** Needs CNI_PATH by the spec, but starts no plugin, and so does without. */
async function gc(call: Call, input: Input): Promise<Answer> {
  const { text, config } = input.read()
  // Of two lists of valid attachments, one would be passed over, and its pods taken for gone.
  rejectRepeatedKeys(text, config, undefined)
  const { collectGarbage } = await import('./gc')
  return { stdout: '', warnings: await collectGarbage(config, call) }
}

async function status(call: Call, input: Input): Promise<Answer> {
  const { text, config } = input.read()
  rejectRepeatedKeys(text, config, memberSpan(text, 'prevResult'))
  const missing = call.backend.probe('auto', 'nftables')
  const { checkStatus } = await import('./status')
  await checkStatus(config, { missing, probe: call.backend.probe }, call.cacheDir)
  return NOTHING
}

/** Works without a config too: "which versions?" is asked before there is one. */
async function version(input: Input): Promise<Answer> {
  let cniVersion: unknown
  try {
    cniVersion = input.read().config.cniVersion
  } catch {}
  if (typeof cniVersion !== 'string') cniVersion = NEWEST_VERSION
  return { stdout: JSON.stringify({ cniVersion, supportedVersions: SUPPORTED_VERSIONS }), warnings: [] }
}

async function readWanted(command: 'ADD' | 'CHECK', { environment }: Call, input: Input) {
  requireVariables(command, environment)
  checkVariables(environment)
  const { text, config } = input.read()
  const result = memberSpan(text, 'prevResult')
  rejectRepeatedKeys(text, config, result)
  const { wanted, ...rest } = await parseWanted(command, parseAttachment(environment), config)
  // Required, so it is there.
  const { CNI_NETNS: netns = '' } = environment
  return { ...rest, wanted: { ...wanted, netns }, text, result, config }
}

function readText({ readStdin }: Call): string {
  try {
    return readStdin()
  } catch (error) {
    if (error instanceof NotUtf8Error)
      throw new CniError('notJson', `Cannot read the config: ${error.message}`)
    throw new CniError('ioFailure', 'Cannot read the config from stdin', String(error))
  }
}
