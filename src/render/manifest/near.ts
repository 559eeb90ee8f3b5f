/** The known word that was most likely meant; null when none is close. Case, `-` and `_` count as half a mistake. */
export function near(word: string, known: Iterable<string>): string | null {
  let best: { readonly candidate: string; readonly distance: number } | null = null
  for (const candidate of known) {
    const distance = plain(word) === plain(candidate) ? 0.5 : editDistance(plain(word), plain(candidate))
    if (distance <= Math.max(1, candidate.length / 3) && distance < (best?.distance ?? Infinity))
      best = { candidate, distance }
  }
  return best?.candidate ?? null
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, "").slice(0, 100)
}

/** Levenshtein, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
