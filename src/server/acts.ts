import type { Act } from "../core/act.ts"
import type { Instant, Revision, SourceName } from "../core/model.ts"
import type { Hold } from "../core/outcome.ts"
import { LockstepError } from "../lib/errors.ts"
import type { Refused } from "./ports.ts"
import type { Context } from "./routes.ts"

const victimsMax = 100

/** The token's name is proved, what somebody says beside it isn't: `ci (as ada)`. */
export function byOf(token: string, said: string | null): string {
  return said === null || said === "" || said === token ? token : `${token} (as ${said})`
}

interface Told {
  readonly by: string
  readonly at: Instant
  readonly reason?: string
  readonly until?: Instant | null
  readonly revision?: Revision | null
  readonly digest?: string | null
  /** What holds the source now: a confirmation of another digest lets nothing go. */
  readonly hold?: Hold | null
}

const untold = { reason: "", until: null, revision: null, digest: null, hold: null }

/** An act that was done, as it is told to the log, the history and whoever else listens. */
export function actOf(act: string, sources: readonly SourceName[], told: Told): Act {
  const { by, at, reason, until, revision, digest, hold } = { ...untold, ...told }
  const released = hold !== null && hold.digest === digest ? hold : null
  return {
    act,
    sources,
    by,
    at,
    reason: reason === "" ? null : reason,
    until,
    revision,
    digest,
    holds: released?.reasons.map(({ code }) => code) ?? [],
    victims: released?.victims.slice(0, victimsMax).map(({ key }) => key) ?? [],
    result: "done",
    code: null,
  }
}

/** Runs what was asked for, and tells what came of it, also when it wasn't done. */
export async function witnessed<T extends { readonly kind: "done" }>(
  { daemon }: Context,
  act: Act,
  work: () => Promise<T | Refused>,
): Promise<T | Refused> {
  try {
    const operated = await work()
    daemon.acted(operated.kind === "done" ? act : { ...act, result: "refused", code: operated.code })
    return operated
  } catch (error) {
    daemon.acted({ ...act, result: "failed", code: error instanceof LockstepError ? error.code : "refused" })
    throw error
  }
}
