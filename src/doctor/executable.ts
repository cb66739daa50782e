import type { Copy, Executables, Installed } from './executables'
import { error, type Finding, note, ok, warning } from './finding'

/** `isNamed` says that a conflist names the executable. */
export function checkExecutables(read: Executables, isNamed: boolean): readonly Finding[] {
  const { path, installed, copies, unread } = read
  return [
    ...(installed ? checkInstalled(installed, read) : [absent(path, isNamed)]),
    ...copies.map((copy) => checkCopy(copy, read)),
    ...unread.map((what) => note('executable-copies', `Cannot look for a copy at ${what}`)),
  ]
}

function absent(path: string, isNamed: boolean): Finding {
  return (isNamed ? error : warning)('executable', {
    what: `there is no ${path}`,
    why: isNamed ? 'conflists name it: every ADD and DEL fails' : 'no pod can use it',
    mend: 'ip-masq install; or name the directory of executables with --bin-dir or --profile',
  })
}

function checkInstalled(installed: Installed, read: Executables): readonly Finding[] {
  const { path, failure } = installed
  if (failure === undefined)
    return [checkVersion(installed, read), ...checkOwner(installed), checkRecord(installed)]
  const what = `${path} does not run here: ${failure}`
  return [
    error('executable', { what, why: 'every ADD and DEL that needs it fails', mend: 'ip-masq install' }),
  ]
}

function checkVersion({ path, hash, version }: Installed, { running }: Executables): Finding {
  const check = 'executable'
  if (hash === running.hash) return ok(check, `${path} is version ${running.version}, the one that runs now`)
  if (version === running.version)
    return note(check, `${path} is version ${version} too, and another file than the one that runs now`)
  return warning(check, {
    what: `${path} is ${describe(version)}, and this is version ${running.version}`,
    why: 'pods use the first one: their rules may differ from what this command expects',
    mend: `ip-masq install, to have this version there; or run ${path} doctor`,
  })
}

function checkOwner({ path, isRoots }: Installed): readonly Finding[] {
  if (isRoots) return []
  return [
    warning('executable-owner', {
      what: `users other than root can replace ${path}`,
      why: 'root runs it for each pod',
      mend: 'give it and all directories above it to root: chown root:root, chmod go-w',
    }),
  ]
}

function checkRecord({ path, hash, recorded }: Installed): Finding {
  const check = 'executable-integrity'
  if (recorded === undefined)
    return note(check, `there is no ${path}.sha256 to compare ${path} with`, {
      why: 'install writes one; the executable came here in another way',
    })
  if (recorded === hash) return ok(check, `${path} is what install wrote`)
  return warning(check, {
    what: `${path} is not what install wrote: its SHA-256 is not the one in ${path}.sha256`,
    why: 'somebody replaced it, or it is damaged',
    mend: 'ip-masq install writes both again',
  })
}

function checkCopy({ path, hash, version }: Copy, { installed }: Executables): Finding {
  const check = 'executable-copies'
  if (!installed || hash === installed.hash) return note(check, `there is a copy, ${path}`)
  if (version !== undefined && version === installed.version)
    return note(check, `there is another file of the same version, ${path}`)
  return warning(check, {
    what: `${path} is ${describe(version)}, and ${installed.path} is ${describe(installed.version)}`,
    why: 'whoever starts the first one by its name, and a runtime that looks for plugins there, gets another ip-masq',
    mend: `rm ${path}; or ip-masq install with its directory as --bin-dir`,
  })
}

/** An executable that was not started has no version. */
function describe(version: string | undefined): string {
  return version === undefined ? 'a file whose version is not known' : `version ${version}`
}
