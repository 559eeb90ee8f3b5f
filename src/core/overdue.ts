import type { Problem } from "./model.ts"
import type { SourceStatus } from "./status.ts"

/** A look that is older than so many intervals is overdue. */
const intervalsMax = 3
/** Below that even a single request that hangs makes no look overdue. */
const overdueMinMs = 60_000

export interface Pace {
  readonly intervalMs: number
  /** Since the last turn ended, whatever it came to; since the source is there, where none has. */
  readonly sinceLookMs: number
}

/** The status with what only time can tell: that nobody has looked for too long, and what the look waits for. */
export function withOverdue(status: SourceStatus, { intervalMs, sinceLookMs }: Pace): SourceStatus {
  if (status.suspend || sinceLookMs <= Math.max(overdueMinMs, intervalsMax * intervalMs)) return status
  const problem: Problem = {
    severity: "error",
    code: "overdue",
    message: `nobody has looked for ${seconds(sinceLookMs)} (interval ${seconds(intervalMs)}): ${whyNot(status)}`,
  }
  const outranked = status.state === "stalled" || status.state === "held"
  return { ...status, state: outranked ? status.state : "degraded", problems: [problem, ...status.problems] }
}

function whyNot({ waits, nextTurnAt }: SourceStatus): string {
  if (waits) return `its turn waits for ${waits.for}, and is due since ${waits.since}`
  return nextTurnAt === null ? "its turn is due" : `the next look is at ${nextTurnAt}`
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}
