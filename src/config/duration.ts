/** Each unit at most once, the largest first: `1h30m`, never `30m1h` or `1m1m`. */
export const durationPattern =
  /^(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,6})s)?(?:(\d{1,9})ms)?$/

const unitsMs = [86_400_000, 3_600_000, 60_000, 1000, 1]

/** Milliseconds of `500ms`, `90s`, `5m`, `1h30m`, `1d`; null when the text is no duration. */
export function parseDuration(text: string): number | null {
  const match = durationPattern.exec(text)
  if (!match) return null
  return unitsMs.reduce((sum, unit, i) => sum + unit * Number(match[i + 1] ?? 0), 0)
}
