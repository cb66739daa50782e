import { environment } from '#system/program'
import { examine } from '../doctor/examine'
import { exitStatus } from '../doctor/finding'
import { findingsJson, renderFinding, summarise } from '../doctor/render'
import { PROFILES } from '../install/profiles'
import { errorText } from './error-text'
import { enterHostRoot } from './host-root'
import { namedAmong } from './named-directories'
import type { DoctorOptions } from './rows/doctor'
import type { World } from './world'

/** `ip-masq doctor` says what is wrong with this node, why it matters, and what mends it. It changes nothing. */
export async function doctorCommand(options: DoctorOptions, world: World): Promise<number> {
  const { root, json } = options
  try {
    if (root !== undefined) enterHostRoot(root)
  } catch (error) {
    await world.writeError(`${errorText(error)}\n`)
    return 2
  }
  const groups = await examine({
    ...options,
    areCachesNamed: namedAmong(options).cacheDirs,
    otherBinDirs: [...Object.values(PROFILES).map(({ binDir }) => binDir), ...pathDirectories()],
    backend: world.backend,
    machine: world.machine,
    primaryFirewalls: world.primaryFirewalls,
  })
  const findings = groups.flatMap((group) => group.findings)
  if (json) await world.write(`${JSON.stringify(findingsJson(groups))}\n`)
  else {
    for (const group of groups) {
      await world.writeHeading(group.title)
      await world.write(group.findings.map(renderFinding).join(''))
      await world.write('\n')
    }
    await world.write(`${summarise(findings)}\n`)
  }
  return exitStatus(findings)
}

function pathDirectories(): string[] {
  return (environment().PATH ?? '').split(':').filter((directory) => directory.startsWith('/'))
}
