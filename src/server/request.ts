import { instantMs } from "../core/instant.ts"
import type { Instant, Revision } from "../core/model.ts"
import { HttpProblem } from "./problem.ts"

/** What comes in a request, read with care: every mistake is a 400 that tells which part and why. */

export interface OperationBody {
  readonly reason: string
  /** Who they say they are. */
  readonly by: string | null
  readonly until: Instant | null
  readonly revision: Revision | null
  readonly digest: string | null
}

const reasonLengthMax = 500
const byLengthMax = 100
const waitMsMax = 10 * 60_000
const waitUnitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

/** The body of suspend, pin and confirm; an empty one is `{}`. @throws HttpProblem */
export function parseOperation(body: unknown, nowMs: number): OperationBody {
  const { reason, by, until, revision, digest, ...unknown } = parseObject(body)
  refuseUnknown(unknown)
  return {
    reason: text("reason", reason, reasonLengthMax) ?? "",
    by: text("by", by, byLengthMax),
    until: parseUntil(text("until", until, 40), nowMs),
    revision: matching("revision", text("revision", revision, 64), /^[0-9a-f]{40}$/) as Revision | null,
    digest: matching("digest", text("digest", digest, 128), /^[0-9A-Za-z:+/=_-]+$/),
  }
}

/** The commit that `sync` is to wait for; null without one. @throws HttpProblem */
export function parseCommit({ body, query }: { readonly body: unknown; readonly query: unknown }): Revision | null {
  const { commit: asked, ...unknown } = parseObject(body)
  refuseUnknown(unknown)
  const commit = matching("commit", text("commit", asked, 64), /^[0-9a-f]{40}$/) as Revision | null
  if (commit !== null && parseWait(query) === null) throw bad("commit is waited for: say ?wait=5m")
  return commit
}

/** Milliseconds of `?wait=30s`, at most ten minutes; null without it. @throws HttpProblem */
export function parseWait(query: unknown): number | null {
  const wait = (query as Readonly<Record<string, unknown>> | undefined)?.["wait"]
  if (wait === undefined) return null
  const match = typeof wait === "string" ? /^(\d{1,7})(ms|s|m)$/.exec(wait) : null
  if (!match) throw bad("wait must be a duration such as 30s, at most 10m")
  return Math.min(waitMsMax, Number(match[1]) * (waitUnitsMs[match[2] ?? ""] ?? 0))
}

function refuseUnknown(members: Readonly<Record<string, unknown>>): void {
  const strange = Object.keys(members)[0]
  if (strange !== undefined) throw bad(`unknown member ${JSON.stringify(strange.slice(0, 50))}`)
}

function parseObject(body: unknown): Readonly<Record<string, unknown>> {
  if (!Buffer.isBuffer(body) || body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(body.toString("utf8"))
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // The same answer as for JSON that is no object.
  }
  throw bad("the body must be a JSON object")
}

function text(name: string, value: unknown, lengthMax: number): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === "string" && value.length <= lengthMax) return value
  throw bad(`${name} must be text of at most ${lengthMax} characters`)
}

function matching(name: string, value: string | null, pattern: RegExp): string | null {
  if (value === null || pattern.test(value)) return value
  throw bad(name === "digest" ? "digest isn't one" : `${name} must be a full commit id: 40 hex digits`)
}

function parseUntil(value: string | null, nowMs: number): Instant | null {
  if (value === null) return null
  const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(value)
  if (!isInstant || Number.isNaN(instantMs(value)))
    throw bad("until must be an instant in ISO 8601, such as 2030-01-31T18:00:00Z")
  if (instantMs(value) <= nowMs) throw bad("until is in the past")
  return value
}

function bad(detail: string): HttpProblem {
  return new HttpProblem(400, detail)
}
