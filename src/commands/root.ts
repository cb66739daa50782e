import { readText } from '#system/files'
import { effectiveUser } from '#system/program'
import { CniError } from '../cni/error'

/** capabilities(7). */
const CAP_NET_ADMIN = 12n

const WHY = {
  install: 'writes files of root',
  uninstall: 'writes files of root',
  sync: 'changes firewall rules',
  gc: 'changes firewall rules',
  list: 'reads firewall rules',
  metrics: 'reads firewall rules',
} as const

/**
 * Refuses a command that could only fail halfway, with one line. Rules need CAP_NET_ADMIN, which a systemd unit may
 * give to another user. Files of root need root.
 */
export function requireRoot(command: keyof typeof WHY): void {
  const user = effectiveUser()
  const needsFiles = command === 'install' || command === 'uninstall'
  if (user === 0 || (!needsFiles && mayAdministerNetwork())) return
  throw new CniError(
    'ioFailure',
    `Cannot run ip-masq ${command} as user ${user}: it ${WHY[command]}; run it as root`,
  )
}

/** If the capabilities cannot be read, the command goes on, and the kernel decides. */
function mayAdministerNetwork(): boolean {
  try {
    const [, digits] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText('/proc/self/status')) ?? []
    return digits === undefined || ((BigInt(`0x${digits}`) >> CAP_NET_ADMIN) & 1n) === 1n
  } catch {
    return true
  }
}
