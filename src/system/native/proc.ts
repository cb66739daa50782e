import { readText } from './files'

export function readSystemFile(path: string): string | undefined {
  try {
    return readText(path)
  } catch {
    return undefined
  }
}
