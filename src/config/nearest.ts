/** The candidate with the fewest edits to `word`, regardless of case. */
export function nearest(word: string, candidates: readonly string[]): string {
  const [lower, ...rest] = [word.toLowerCase(), ...candidates]
  const ranked = rest.map((name) => ({
    name,
    distance: editDistance(lower.slice(0, 64), name.toLowerCase()),
  }))
  return ranked.sort((a, b) => a.distance - b.distance)[0]?.name ?? ''
}

/** Whether the word is so near to `known` that this is most likely meant. */
export function isTypo(word: string, known: string): boolean {
  const edits = editDistance(word.toLowerCase().slice(0, 64), known.toLowerCase())
  return edits <= Math.max(1, Math.min(3, known.length / 3))
}

/** Counts the characters to insert, delete, exchange, or swap with the next one, with one row of the matrix at a time. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 1; j <= b.length; j++) {
      const [left = 0, above = 0, diagonal = 0] = [next[j - 1], row[j], row[j - 1]]
      const isSwap = j > 1 && a[i] === b[j - 2] && a[i - 1] === b[j - 1]
      const swap = isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(left + 1, above + 1, diagonal + (a[i] === b[j - 1] ? 0 : 1), swap))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
