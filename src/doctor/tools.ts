import type { Host, Tools } from '../backend/backend'
import { cannotRun, tooOld } from '../backend/unfit-tools'
import { error, type Finding, note, ok } from './finding'

/** The programs that rules may be written with. The native executable needs none of them where the kernel has nf_tables. */

const TOOLS = ['nft', 'iptables', 'iptables-nft', 'iptables-legacy', 'ip'] as const
export type ToolName = (typeof TOOLS)[number]

export interface FoundTool {
  readonly name: ToolName
  /** Absent if it was not found. */
  readonly file?: string
  /** The version that it prints; absent if it was not started. */
  readonly printed?: string
  /** The reason why it could not be started, or did not end. */
  readonly failure?: string
}

/**
 * `mayStart` says that the tools may be started. Some of them open a socket of netfilter then, which may load a part of
 * the kernel.
 */
export function readTools(run: Tools, host: Host, mayStart: boolean): readonly FoundTool[] {
  return TOOLS.map((name): FoundTool => {
    const found = host.findTool(name)
    if (!('file' in found)) return { name }
    if (!mayStart && name !== 'ip') return { name, file: found.file }
    const ended = run(name, [name === 'ip' ? '-V' : '--version'], '')
    if (ended.outcome !== 'exited')
      return { name, file: found.file, failure: `did not end (${ended.outcome})` }
    if (cannotRun(ended.status) || ended.status !== 0)
      return {
        name,
        file: found.file,
        failure: `ends with status ${ended.status}: ${ended.stderr.trim().split('\n')[0] ?? ''}`,
      }
    return { name, file: found.file, printed: ended.stdout.trim().split('\n')[0] ?? '' }
  })
}

/** The oldest versions that can do what our rules ask for. */
const OLDEST = { nft: [1, 0, 1], iptables: [1, 6, 2] } as const

/** Whether a tool is needed, because the kernel or a config leaves no other way to write rules. */
interface Needs {
  readonly nft: boolean
  readonly iptables: boolean
}

export function checkTools(tools: readonly FoundTool[], needs: Needs): readonly Finding[] {
  const find = (name: ToolName) => tools.find((tool) => tool.name === name) ?? { name }
  const kinds = [find('iptables-nft'), find('iptables-legacy')].filter(({ file }) => file !== undefined)
  const plain = find('iptables')
  const hasKindsAlone = plain.file === undefined && kinds.length > 0
  return [
    checkTool(find('nft'), 'nft', needs.nft),
    ...(hasKindsAlone ? [] : [checkTool(plain, 'iptables', needs.iptables)]),
    ...kinds.map((kind) => checkTool(kind, 'iptables', false)),
    checkIp(find('ip')),
  ]
}

function checkTool(
  { name, file, printed, failure }: FoundTool,
  check: 'nft' | 'iptables',
  isNeeded: boolean,
): Finding {
  const old = tooOld(printed ?? '', OLDEST[check])
  if (file !== undefined && failure === undefined && old === undefined) {
    if (printed !== undefined) return ok(check, `${file}: ${printed}`)
    const why = 'starting it would load a part of the kernel (nfnetlink)'
    return note(check, `${file} was not asked for its version`, { why })
  }
  const fault = old === undefined ? failure : `is version ${old}, which is too old`
  const what = file === undefined ? `there is no ${name}` : `${file} ${fault}`
  const mend = `install ${check === 'nft' ? 'nftables' : 'iptables'} ${OLDEST[check].join('.')} or later`
  if (isNeeded)
    return error(check, { what, why: 'ADDs fail: rules can be written in no other way here', mend })
  return note(check, what, { why: 'rules can be written without it here', mend })
}

/** Only this command runs it, to look at routes. */
function checkIp({ file, printed, failure }: FoundTool): Finding {
  if (file !== undefined && failure === undefined) return ok('ip', `${file}: ${printed ?? ''}`)
  return note('ip', file === undefined ? 'there is no command "ip"' : `${file} ${failure}`, {
    why: 'so the routes of policy routing were not looked at. ip-masq itself does not need this command',
    mend: 'install iproute2',
  })
}

/**
 * The kernel obeys both kinds of iptables, and each lists only its own rules. `tables` says which of them have a table
 * `nat`.
 */
export function checkKinds(tables: { readonly nft: boolean; readonly legacy: boolean }): readonly Finding[] {
  if (!(tables.nft && tables.legacy)) return []
  return [
    note('iptables-kinds', 'both kinds of iptables have a nat table here', {
      why: 'the kernel obeys both, and "iptables -t nat -S" lists one of them',
      mend: 'look at both: iptables-nft -t nat -S; iptables-legacy -t nat -S',
    }),
  ]
}
