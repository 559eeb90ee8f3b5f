import type { Instant } from "./nouns.ts"

/**
 * Instants as texts, and as milliseconds since the epoch. This reads texts only; the clock itself is `lib/clock.ts`.
 */

/** Whether two ISO 8601 texts name the same instant; one without an offset is UTC, as Prefect reads it. */
export function sameInstant(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && instantMs(a) === instantMs(b))
}

/** Milliseconds since the epoch. Prefect keeps microseconds, but nobody anchors a schedule that finely. */
export function instantMs(text: string): number {
  const dated = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text.replace(" ", "T")
  return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(dated) ? dated : `${dated}Z`)
}

/** Milliseconds since the epoch as ISO 8601 in UTC, to the second: for people. */
export function instantText(ms: number): Instant {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z")
}
