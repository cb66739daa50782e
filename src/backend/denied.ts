import { readText } from '#system/files'
import { effectiveUser } from '#system/program'
import { type Capability, hasCapability } from './capabilities'

/** Explains why the kernel refused a change, to a person who has to put it right. */

/** The capabilities that each way to the rules needs. */
const NEEDS: Readonly<Record<'nftables' | 'iptables-legacy', readonly Capability[]>> = {
  nftables: ['CAP_NET_ADMIN'],
  // iptables-legacy reads its tables through a raw socket.
  'iptables-legacy': ['CAP_NET_ADMIN', 'CAP_NET_RAW'],
}

export interface Process {
  readonly isRoot: boolean
  /** `CapEff` as a number; undefined where /proc does not show it. */
  readonly capabilities: bigint | undefined
}

/** `said`: what the tool or the kernel answered. */
export function explainDenial(said: string, { isRoot, capabilities }: Process = thisProcess()): string {
  const needs = NEEDS[said.includes('(legacy)') ? 'iptables-legacy' : 'nftables']
  const missing = needs.filter((name) => capabilities !== undefined && !hasCapability(capabilities, name))
  if (missing.length === 0) return 'run ip-masq as root with CAP_NET_ADMIN'
  if (!isRoot) return 'run ip-masq as root'
  return `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing; give ${missing.length === 1 ? 'it' : 'them'} to the container or systemd unit that starts ip-masq`
}

function thisProcess(): Process {
  return { isRoot: effectiveUser() === 0, capabilities: effectiveCapabilities() }
}

function effectiveCapabilities(): bigint | undefined {
  try {
    const status = readText('/proc/self/status')
    const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
    return digits === undefined ? undefined : BigInt(`0x${digits}`)
  } catch {
    return undefined
  }
}
