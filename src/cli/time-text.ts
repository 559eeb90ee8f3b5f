const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** `12s ago`, `in 3m`, `now`: as exact as a person wants it. */
export function relativeTime(atMs: number, nowMs: number): string {
  const distance = durationText(Math.abs(atMs - nowMs))
  if (distance === "0s") return "now"
  return atMs > nowMs ? `in ${distance}` : `${distance} ago`
}

/** `850ms`, `12s`, `3m`, `5h`, `2d` */
export function durationText(ms: number): string {
  if (ms > 0 && ms < secondMs) return `${Math.round(ms)}ms`
  if (ms < minuteMs) return `${Math.floor(ms / secondMs)}s`
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)}m`
  return ms < 2 * dayMs ? `${Math.floor(ms / hourMs)}h` : `${Math.floor(ms / dayMs)}d`
}
