import { isTypo, nearest } from '../../config/nearest'

/** The name that a mistyped word most likely means. */
export function suggestion(word: string, names: readonly string[]): string | undefined {
  const near = nearest(word, names)
  return isTypo(word, near) ? near : undefined
}
