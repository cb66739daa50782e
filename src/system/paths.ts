import { workingDirectory } from '#system/program'

/** Handles paths as text, by the rules of POSIX. Nothing here looks at the file system. */

/** Joins parts to one path in its shortest form. A part that is absolute does not begin a new path. */
export function join(...parts: readonly string[]): string {
  const path = parts.filter((part) => part !== '').join('/')
  return path === '' ? '.' : normalize(path)
}

/** The path without `.`, and without `..` if the name before it can be removed with it. */
function normalize(path: string): string {
  const isAbsolute = path.startsWith('/')
  const kept: string[] = []
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name !== '..') kept.push(name)
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop()
    else if (!isAbsolute) kept.push(name)
  }
  const short = kept.join('/')
  const end = path.endsWith('/') && short !== '' ? '/' : ''
  if (isAbsolute) return `/${short}${end}`
  return short === '' ? (path.endsWith('/') ? './' : '.') : `${short}${end}`
}

/** The absolute form of the path. */
export function resolve(path: string): string {
  const whole = path.startsWith('/') ? normalize(path) : normalize(`${workingDirectory()}/${path}`)
  return whole === '/' ? whole : whole.replace(/\/$/, '')
}

/** The directory of the last name. */
export function dirname(path: string): string {
  const names = path.replace(/\/+$/, '')
  if (names === '') return path === '' ? '.' : '/'
  const at = names.lastIndexOf('/')
  if (at < 0) return '.'
  return names.slice(0, at).replace(/\/+$/, '') || '/'
}

/** The last name. */
export function basename(path: string): string {
  const names = path.replace(/\/+$/, '')
  return names.slice(names.lastIndexOf('/') + 1)
}
