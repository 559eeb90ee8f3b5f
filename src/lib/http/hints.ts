/** Header names in small letters, as undici gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** Nobody may make us wait longer than this. */
const waitMaxMs = 3_600_000
/** Larger numbers are seconds since 1970, not from now. */
const longestSpanS = 1_000_000_000

/** The one value of a header; null when it isn't there, or there several times. */
export function headerOf(headers: Headers, name: string): string | null {
  const value = headers[name]
  return typeof value === "string" ? value : null
}

/** An HTTP date (RFC 9110) as milliseconds since the epoch; null when it is none. */
export function httpDateMs(text: string): number | null {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}

/**
 * How long a server asks us to wait: `Retry-After` (RFC 9110, seconds or a date, read by the server's own clock), else
 * the end of a used-up limit as GitHub, GitLab and the IETF's drafts write it. null = it doesn't say.
 */
export function waitOf(headers: Headers, nowMs: number): number | null {
  const serverMs = httpDateMs(headerOf(headers, "date") ?? "") ?? nowMs
  const asked = afterOf(headerOf(headers, "retry-after"), serverMs) ?? resetOf(headers, serverMs)
  return asked === null ? null : Math.min(Math.max(0, asked), waitMaxMs)
}

function afterOf(text: string | null, nowMs: number): number | null {
  if (text === null) return null
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(text)) return Number(text) * 1_000
  const until = /[a-z]/i.test(text) ? httpDateMs(text) : null
  return until === null ? null : until - nowMs
}

/** Only a limit that is used up says when to come back. */
function resetOf(headers: Headers, nowMs: number): number | null {
  for (const prefix of ["x-ratelimit-", "ratelimit-", "x-rate-limit-"]) {
    if (headerOf(headers, `${prefix}remaining`)?.trim() !== "0") continue
    const wait = spanOf(headerOf(headers, `${prefix}reset`), nowMs)
    if (wait !== null) return wait
  }
  // The newer draft has one header: "name";r=0;t=30
  const [, left, span] = /;\s*r=(\d+)\s*;\s*t=(\d+)/.exec(headerOf(headers, "ratelimit") ?? "") ?? []
  return left === "0" && span !== undefined ? Number(span) * 1_000 : null
}

/** Seconds from now, or since the epoch, or milliseconds since then. */
function spanOf(text: string | null, nowMs: number): number | null {
  if (text === null || !/^\s*\d+(?:\.\d+)?\s*$/.test(text)) return afterOf(text, nowMs)
  const number = Number(text)
  if (number < longestSpanS) return number * 1_000
  return (number < longestSpanS * 1_000 ? number * 1_000 : number) - nowMs
}
