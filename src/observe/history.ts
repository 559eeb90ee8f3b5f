import type { Action } from "../core/change.ts"
import type { DeploymentKey, Instant, Revision } from "../core/model.ts"
import type { ActionCounts, Outcome, OutcomeKind, Trigger } from "../core/outcome.ts"
import { countDone } from "../core/status.ts"

/** One turn, summarised: what is left of an outcome when the next one has come. */
export interface HistoryEntry {
  readonly turn: number
  readonly outcome: OutcomeKind
  readonly trigger: Trigger
  readonly startedAt: Instant
  readonly durationMs: number
  readonly revision: { readonly observed: Revision | null; readonly applied: Revision | null }
  readonly changes: ActionCounts
  /** What was written, or should have been; the first of them when there were very many. */
  readonly writes: readonly HistoryWrite[]
  readonly problems: number
  readonly failure: { readonly kind: "transient" | "stalled"; readonly code: string; readonly message: string } | null
  readonly hold: { readonly reasons: readonly string[]; readonly digest: string; readonly victims: number } | null
}

interface HistoryWrite {
  readonly action: Action
  readonly key: DeploymentKey
  readonly result: "done" | "dropped" | "failed"
}

const historyLengthMax = 50
const writesPerEntryMax = 100

/** The entries with one more, newest first, the oldest dropped when there are too many. */
export function addToHistory(
  history: readonly HistoryEntry[],
  turn: number,
  outcome: Outcome,
): readonly HistoryEntry[] {
  return [summarise(turn, outcome), ...history.slice(0, historyLengthMax - 1)]
}

function summarise(turn: number, outcome: Outcome): HistoryEntry {
  const { kind, trigger, startedAt, durationMs, observed, applied, failure, hold } = outcome
  return {
    turn,
    outcome: kind,
    trigger,
    startedAt,
    durationMs,
    revision: { observed, applied },
    changes: countDone(outcome),
    writes: outcome.results
      .slice(0, writesPerEntryMax)
      .map(({ change, result }) => ({ action: change.action, key: change.key, result })),
    problems: outcome.problems.length,
    failure: failure && { kind: failure.kind, code: failure.code, message: failure.message },
    hold: hold && {
      reasons: hold.reasons.map(({ code }) => code),
      digest: hold.digest,
      victims: hold.victims.length,
    },
  }
}
