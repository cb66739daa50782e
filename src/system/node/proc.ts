import { loadBuiltin } from './load-builtin'

export function readSystemFile(path: string): string | undefined {
  try {
    return loadBuiltin('node:fs').readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
