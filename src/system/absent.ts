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

/** Whether something visibly has this path. False for what we cannot look at. */
export function exists(path: string): boolean {
  try {
    status(path)
    return true
  } catch {
    return false
  }
}

/** Whether a directory, or a link to one, visibly has this path. */
export function isDirectory(path: string): boolean {
  try {
    return status(path).kind === 'directory'
  } catch {
    return false
  }
}
