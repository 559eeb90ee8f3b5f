import { PrefectError } from "../lib/errors.ts"

/** What a server can do, known by its version: never tried out, because a refused write still costs runs. */
export interface Capabilities {
  /** `job_variables: {}` empties them; older servers ignore it. */
  readonly emptiesJobVariables: boolean
  /** `concurrency_options.grace_period_seconds`, since 3.6.6. */
  readonly gracePeriod: boolean
  /** Before 3.3.4 a write deletes late runs too, not only future ones. */
  readonly keepsLateRuns: boolean
  /** Automations have tags, so ours can be told from others', since 3.4.7. */
  readonly tagsAutomations: boolean
}

const oldest = [3, 2, 0] as const

/** @throws PrefectError `server-too-old` below 3.2.0, where a PATCH knows neither slugs nor schemas. */
export function capabilitiesOf(version: string | null): Capabilities {
  // Cloud, and what doesn't say: taken for the newest.
  const release =
    /^(\d+)\.(\d+)\.(\d+)/
      .exec(version ?? "")
      ?.slice(1)
      .map(Number) ?? null
  if (release && !reaches(release, oldest)) {
    const message = `this Prefect server is ${version}; Lockstep needs ${oldest.join(".")} or newer`
    throw new PrefectError(message, { kind: "stalled", code: "server-too-old", status: null })
  }
  const since = (...wanted: readonly number[]): boolean => release === null || reaches(release, wanted)
  return {
    emptiesJobVariables: since(3, 8, 0),
    gracePeriod: since(3, 6, 6),
    keepsLateRuns: since(3, 3, 4),
    tagsAutomations: since(3, 4, 7),
  }
}

function reaches(release: readonly number[], wanted: readonly number[]): boolean {
  for (const [place, number] of wanted.entries()) {
    const have = release[place] ?? 0
    if (have !== number) return have > number
  }
  return true
}
