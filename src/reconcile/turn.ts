import type { Action, ChangeResult } from "../core/change.ts"
import { isUnfinished } from "../core/delay.ts"
import type { Problem } from "../core/model.ts"
import type { Failure, Outcome } from "../core/outcome.ts"
import { deploymentDigest } from "../core/patience.ts"
import { activeAt } from "../core/record.ts"
import { cleanText } from "../core/secret.ts"
import type { Source } from "../core/source.ts"
import { isoTime, readingOf } from "../lib/clock.ts"
import { GitError, LockstepError, PrefectError, toError } from "../lib/errors.ts"
import { act, type Signals } from "./act.ts"
import type { TurnContext } from "./context.ts"
import { countsOf } from "./counts.ts"
import { decide, type Decision } from "./decide.ts"
import { keepRecord } from "./keep-record.ts"
import { memoryOf, type SourceMemory, type WorkspaceState } from "./memory.ts"
import type { Wish } from "./queue.ts"

interface Run {
  readonly taken: Wish
  readonly signals: Signals
}
type Facts = Partial<Outcome> & Pick<Outcome, "kind">

/** One reconciliation of one source: observe, decide, act. Whatever happens, it ends in exactly one Outcome. */
export async function runTurn(
  context: TurnContext,
  source: Source,
  workspace: WorkspaceState,
  run: Run,
): Promise<Outcome> {
  const { wall: startedMs, elapsed: began } = readingOf(context.clock)
  const memory = memoryOf(workspace, source)
  const facts = await reconcile(context, source, workspace, run).catch((error: unknown): Facts => {
    const pin = activeAt(memory.sight.record?.record?.pin ?? null, isoTime(startedMs))
    return { kind: "failed", failure: failureOf(context, error), hold: memory.hold, pin }
  })
  memory.failing = facts.kind === "failed"
  return {
    ...blank,
    source: source.name,
    workspace: workspace.name,
    trigger: run.taken.trigger,
    startedAt: isoTime(startedMs),
    durationMs: Math.round(context.clock.elapsed() - began),
    observed: memory.observed?.revision ?? null,
    observedAt: memory.observed?.at ?? null,
    ...facts,
  }
}

const blank = {
  applied: null,
  failure: null,
  plan: null,
  results: [],
  problems: [],
  hold: null,
  suspend: null,
  pin: null,
  againMs: null,
  counts: { desired: 0, owned: 0, drifted: 0, problems: 0, conflicts: 0, held: 0, orphans: 0 },
} satisfies Partial<Outcome>

async function reconcile(context: TurnContext, source: Source, workspace: WorkspaceState, run: Run): Promise<Facts> {
  const { taken, signals } = run
  const decision = await decide({ context, source, workspace, taken }, signals.look)
  if ("suspend" in decision) return { kind: "suspended", suspend: decision.suspend }
  if (!source.apply) return conclude(context, source, { decision, results: [] })
  const results = await act(context, source, workspace, { decision, signals })
  const facts = await finish(context, source, workspace, { decision, results, signals })
  // Without a grace what was just retired is deleted in the same turn, after the same checks.
  const gone = results.some(({ change, result }) => change.action === "retire" && result === "done")
  if (!gone || source.policy.prune.graceMs > 0 || signals.drain.aborted) return facts
  const again = await decide({ context, source, workspace, taken }, signals.abort)
  if ("suspend" in again) return facts
  const more = await act(context, source, workspace, { decision: again, signals })
  return finish(context, source, workspace, { decision: again, results: more, before: results, signals })
}

interface Acted {
  readonly decision: Decision
  readonly results: readonly ChangeResult[]
  /** Results of the turn's first pass, where there were two. */
  readonly before?: readonly ChangeResult[]
}

/** What follows from a turn that was allowed to write: memory, then the record, then the Outcome's facts. */
async function finish(
  context: TurnContext,
  source: Source,
  workspace: WorkspaceState,
  acted: Acted & { readonly signals: Signals },
): Promise<Facts> {
  const { decision, results, signals } = acted
  await context.bulkheads.inSteps(settle(memoryOf(workspace, source), decision, results))
  const waits = decision.hold !== null || decision.imagesAgainMs !== null
  const allDone = !waits && results.every(({ result }) => result === "done")
  const superseded = decision.hold?.reasons.some(({ code }) => code === "superseded") ?? false
  const unwritten = superseded
    ? []
    : await keepRecord(context, source, workspace, { decision, allDone, signal: signals.abort })
  return conclude(context, source, acted, unwritten)
}

function conclude(
  context: TurnContext,
  source: Source,
  { decision, results, before = [] }: Acted,
  further: readonly Problem[] = [],
): Facts {
  const { plan, hold, pin, revision, imagesAgainMs: againMs } = decision
  const failures = results.flatMap((one) => (one.result === "failed" ? [one.problem] : []))
  const problems = [...plan.problems, ...failures, ...further].map((problem) => ({
    ...problem,
    message: shown(context, problem.message),
  }))
  const errors = problems.some(({ severity }) => severity === "error")
  // Seen and left as it is: Prefect isn't as Git says, which is what converged means.
  const differs = !source.apply && plan.changes.some(({ action }) => action !== "keep" && action !== "skip")
  const kind = hold ? "held" : errors || differs || isUnfinished({ results }) ? "degraded" : "converged"
  const waiting = plan.changes.some((change) => made.has(change.action) && !decision.allowed.includes(change))
  const applied = source.apply && !waiting && !isUnfinished({ results }) ? revision : null
  const counts = countsOf(decision, results, problems)
  return { kind, plan, results: [...before, ...results], problems, hold, pin, applied, counts, againMs }
}

/** A revision is applied when these are done; removals have a pace of their own. */
const made = new Set<Action>(["create", "update", "adopt", "restore"])

const stepSize = 50

/** Remembers what Git said about each deployment that is now as it should be. */
function* settle(
  memory: SourceMemory,
  { plan, desired }: Decision,
  results: readonly ChangeResult[],
): Generator<undefined, void> {
  const done = new Set(results.filter(({ result }) => result === "done").map(({ change }) => change.key))
  const settled = new Map(memory.settled)
  for (const [i, { action, key }] of plan.changes.entries()) {
    if (i % stepSize === stepSize - 1) yield
    const now = desired.deployments.get(key)
    if (now && (action === "keep" || done.has(key))) settled.set(key, deploymentDigest(now))
    else if (!now && !desired.handsOff.has(key)) settled.delete(key)
  }
  memory.settled = settled
}

function failureOf(context: TurnContext, error: unknown): Failure {
  const known = error instanceof LockstepError ? error : null
  return {
    stage: known instanceof GitError ? "git" : known instanceof PrefectError ? "prefect" : "other",
    kind: known?.kind ?? "transient",
    code: known?.code ?? "internal",
    message: shown(context, toError(error).message),
    retryAfterMs: known?.retryAfterMs ?? null,
  }
}

/** A text that may leave the process: without secrets, and bounded. */
function shown({ secrets }: TurnContext, text: string): string {
  return cleanText(text, (foreign) => secrets.mask(foreign))
}
