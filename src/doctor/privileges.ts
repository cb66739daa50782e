import { type Capability, hasCapability } from '../backend/capabilities'
import { type Finding, ok, unseen } from './finding'

export interface Privileges {
  readonly user: number
  /** CapEff; undefined if /proc does not have it. */
  readonly effective: bigint | undefined
  /** iptables-legacy has a table `nat` in some family. It reads that through a raw socket. */
  readonly hasLegacyNat: boolean
}

function neededFor({ hasLegacyNat }: Privileges): readonly Capability[] {
  return hasLegacyNat ? ['CAP_NET_ADMIN', 'CAP_NET_RAW'] : ['CAP_NET_ADMIN']
}

/** The capabilities that this process lacks to look at the rules. */
export function missingCapabilities(privileges: Privileges): readonly Capability[] {
  const { effective } = privileges
  return effective === undefined
    ? []
    : neededFor(privileges).filter((name) => !hasCapability(effective, name))
}

/** These are the privileges of whoever runs the doctor. The runtime runs the plugin as root. */
export function checkPrivileges(privileges: Privileges): readonly Finding[] {
  const check = 'privileges'
  const { user } = privileges
  const missing = missingCapabilities(privileges)
  if (missing.length === 0)
    return [ok(check, `runs as user ${user} with ${neededFor(privileges).join(' and ')}`)]
  const names = missing.join(' and ')
  const rules = missing.includes('CAP_NET_ADMIN') ? 'firewall rules' : 'the rules of iptables-legacy'
  const what = `Cannot look at ${rules}: user ${user} has no ${names}`
  const add = `add ${names} to what started ip-masq (its container, its unit)`
  return [unseen(check, { what, mend: user === 0 ? add : 'run ip-masq doctor as root' })]
}
