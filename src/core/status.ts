import type { Action } from "./change.ts"
import type { ActionCounts, Counts, Failure, Hold, Outcome, OutcomeKind, Pin, Suspend, Trigger } from "./outcome.ts"
import type { Instant, Problem, Revision, SourceName, WorkspaceName } from "./model.ts"

/** The first that fits, in this order. */
export const sourceStates = [
  "suspended",
  "stalled",
  "held",
  "degraded",
  "progressing",
  "drifted",
  "synced",
  "unknown",
] as const
export type SourceState = (typeof sourceStates)[number]

/** What the API, the CLI and the status page show of one source. */
export interface SourceStatus {
  readonly name: SourceName
  readonly workspace: WorkspaceName
  readonly state: SourceState
  readonly revision: { readonly observed: Revision | null; readonly applied: Revision | null }
  readonly deployments: Counts
  readonly lastTurn: {
    readonly outcome: OutcomeKind
    readonly trigger: Trigger
    readonly startedAt: Instant
    readonly durationMs: number
    readonly changes: ActionCounts
  } | null
  readonly lastSuccessAt: Instant | null
  readonly consecutiveFailures: number
  readonly failure: Failure | null
  /** null while a turn is under way. */
  readonly nextTurnAt: Instant | null
  /** The turn that is under way: since when it is due, and whom it asks or stands in line for at the moment. */
  readonly waits?: { readonly for: string; readonly since: Instant }
  readonly hold?: Hold
  readonly suspend?: Suspend
  readonly pin?: Pin
  readonly problems: readonly Problem[]
}

const nothing: Counts = { desired: 0, owned: 0, drifted: 0, problems: 0, conflicts: 0, held: 0, orphans: 0 }

/** A source before its first turn. */
export function initialStatus(name: SourceName, workspace: WorkspaceName): SourceStatus {
  return {
    name,
    workspace,
    state: "unknown",
    revision: { observed: null, applied: null },
    deployments: nothing,
    lastTurn: null,
    lastSuccessAt: null,
    consecutiveFailures: 0,
    failure: null,
    nextTurnAt: null,
    problems: [],
  }
}

/**
 * The status after a turn. A failed turn, and one that may not look, keeps what was known before: not knowing is never
 * "nothing".
 */
export function reduceStatus(before: SourceStatus, outcome: Outcome): SourceStatus {
  const failed = outcome.kind === "failed"
  const blind = failed || outcome.kind === "suspended"
  const converged = outcome.kind === "converged"
  const { hold: _hold, suspend: _suspend, pin: _pin, ...rest } = before
  const hold = blind ? (before.hold ?? null) : outcome.hold
  return {
    ...rest,
    state: stateOf(outcome),
    revision: latest(outcome, before.revision),
    deployments: blind ? before.deployments : outcome.counts,
    lastTurn: {
      outcome: outcome.kind,
      trigger: outcome.trigger,
      startedAt: outcome.startedAt,
      durationMs: outcome.durationMs,
      changes: countDone(outcome),
    },
    lastSuccessAt: converged ? outcome.startedAt : before.lastSuccessAt,
    consecutiveFailures: failed ? before.consecutiveFailures + 1 : 0,
    failure: outcome.failure,
    problems: blind ? before.problems : outcome.problems,
    ...(hold && { hold }),
    ...(outcome.suspend && { suspend: outcome.suspend }),
    ...(outcome.pin && { pin: outcome.pin }),
  }
}

function latest({ observed, applied }: Outcome, before: SourceStatus["revision"]): SourceStatus["revision"] {
  return { observed: observed ?? before.observed, applied: applied ?? before.applied }
}

/** What was done in a turn; keeps and skips are done by deciding them. */
export function countDone(outcome: Pick<Outcome, "plan" | "results">): ActionCounts {
  const counts = { create: 0, update: 0, adopt: 0, retire: 0, restore: 0, prune: 0, keep: 0, skip: 0 }
  for (const { action } of outcome.plan?.changes ?? []) if (action === "keep" || action === "skip") counts[action]++
  for (const { change, result } of outcome.results) if (result === "done") counts[change.action]++
  return counts
}

/** For a run to be over, past its grace, or for CI to push an image: nobody needs to do anything. */
function isWaiting({ plan, againMs }: Outcome): boolean {
  if (againMs !== null) return true
  return plan?.changes.some((change) => change.action === "skip" && change.code === "waiting-for-run") ?? false
}

/** `apply: false` writes nothing, so what the plan would do is a difference that stays. */
function isLeftUndone({ plan, results }: Outcome): boolean {
  const done = new Set(results.map(({ change }) => change))
  return plan?.changes.some((change) => !resting.has(change.action) && !done.has(change)) ?? false
}

const resting: ReadonlySet<Action> = new Set(["keep", "skip"])

/** The first that fits, in the order of the type. */
function stateOf(outcome: Outcome): SourceState {
  if (outcome.suspend) return "suspended"
  if (outcome.failure?.kind === "stalled") return "stalled"
  if (outcome.hold) return "held"
  if (outcome.kind === "failed" || outcome.problems.some((problem) => problem.severity === "error")) return "degraded"
  if (outcome.results.some(({ result }) => result !== "done") || isWaiting(outcome)) return "progressing"
  if (outcome.counts.drifted > 0 || isLeftUndone(outcome)) return "drifted"
  return "synced"
}
