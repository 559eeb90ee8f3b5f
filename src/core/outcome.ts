import type { Action, ChangeResult, Plan } from "./change.ts"
import type { DeploymentId, DeploymentKey, Instant, Problem, Revision, SourceName, WorkspaceName } from "./model.ts"

/** A reason to look at a source. It carries no data: whatever the reason, the turn is the same. */
export type Trigger = "start" | "interval" | "drift" | "retry" | "sync" | "webhook" | "config" | "sibling"

export type OutcomeKind = "converged" | "degraded" | "held" | "failed" | "suspended"

export interface Failure {
  /** Git's own failures slow the polling down; any other leaves it at its pace, so a new commit is seen at once. */
  readonly stage: "git" | "prefect" | "other"
  readonly kind: "transient" | "stalled"
  readonly code: string
  readonly message: string
  readonly retryAfterMs: number | null
}

/** A guard's refusal: stays visible with its victims until it is confirmed by its digest, or no longer true. */
export interface Hold {
  readonly reasons: readonly { readonly code: string; readonly message: string }[]
  readonly victims: readonly { readonly kind: "deployment"; readonly key: DeploymentKey; readonly id: DeploymentId }[]
  readonly digest: string
  /** How it ends, each a sentence or the very command: a person's confirmation doesn't release everything. */
  readonly release: readonly string[]
  readonly since: Instant
}

export interface Suspend {
  readonly reason: string
  readonly by: string
  readonly since: Instant
  readonly until: Instant | null
}
export interface Pin extends Suspend {
  readonly revision: Revision
}

export type ActionCounts = Readonly<Record<Action, number>>

/** What a turn came to. Status, log line, metrics, events and the next delay are all computed from it. */
export interface Outcome {
  readonly kind: OutcomeKind
  readonly source: SourceName
  readonly workspace: WorkspaceName
  readonly trigger: Trigger
  readonly startedAt: Instant
  readonly durationMs: number
  /** null = not known in this turn; the status keeps the last one that was. */
  readonly observed: Revision | null
  /** Commit time of `observed` isn't known to a poller; this is when it was first seen, for commit-to-applied. */
  readonly observedAt: Instant | null
  /** The revision whose creates and updates are all done, or refused for a reason of their own; else null. */
  readonly applied: Revision | null
  readonly failure: Failure | null
  readonly plan: Plan | null
  readonly results: readonly ChangeResult[]
  readonly problems: readonly Problem[]
  readonly hold: Hold | null
  readonly suspend: Suspend | null
  readonly pin: Pin | null
  /** Something outside may be ready sooner than the interval is over (an image that CI pushes): when to look; or null. */
  readonly againMs: number | null
  readonly counts: Counts
}

export interface Counts {
  readonly desired: number
  readonly owned: number
  readonly drifted: number
  readonly problems: number
  readonly conflicts: number
  readonly held: number
  readonly orphans: number
}
