import { status, statusIfThere } from '#system/files'
import { isMissing } from './errors'

/** Whether nothing has this path. */
export function isAbsent(path: string): boolean {
  try {
    return statusIfThere(path) === undefined
  } catch (error) {
    return isMissing(error)
  }
}

/** Whether something is seen to have this path; what cannot be looked at is not. */
export function exists(path: string): boolean {
  try {
    status(path)
    return true
  } catch {
    return false
  }
}

/** Whether a directory is seen to have this path, or a link to one. */
export function isDirectory(path: string): boolean {
  try {
    return status(path).kind === 'directory'
  } catch {
    return false
  }
}
