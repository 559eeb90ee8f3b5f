/** Bounds the work: beyond this many nobody is helped by a guess. */
const wordsMax = 1_000

/** The known word that a person most likely meant, or null when none is near. */
export function nearest(word: string, known: Iterable<string>): string | null {
  const names = Array.from(known).slice(0, wordsMax)
  const limit = Math.max(2, Math.floor(word.length / 3))
  let best: string | null = null
  let bestDistance = limit + 1
  for (const candidate of names) {
    const distance = editDistance(fold(word), fold(candidate))
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** `api_url` and `apiurl` both mean `apiUrl`. */
function fold(word: string): string {
  return word.slice(0, 64).toLowerCase().replaceAll(/[-_]/g, "")
}

/** Levenshtein, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of a.split("").entries()) {
    const next = [i + 1]
    for (const [j, other] of b.split("").entries()) {
      const swap = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
