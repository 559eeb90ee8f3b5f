import { reasons, type Change, type ChangeResult } from "../core/change.ts"
import { fieldTitle } from "../core/fields.ts"
import { readPruneTag } from "../core/mark.ts"
import type { FieldName, LiveDeployment } from "../core/model.ts"
import { learn } from "../core/patience.ts"
import { activeAt } from "../core/record.ts"
import { writtenFields } from "../core/write.ts"
import type { Source } from "../core/source.ts"
import { isoTime } from "../lib/clock.ts"
import { toError } from "../lib/errors.ts"
import { Applier } from "./apply.ts"
import type { TurnContext } from "./context.ts"
import type { Decision } from "./decide.ts"
import { claimSource, recordGround } from "./keep-record.ts"
import { memoryOf, type WorkspaceState } from "./memory.ts"
import { releaseFormer } from "./release.ts"

export interface Signals {
  /** Stop at the next safe point: between two changes. Its reason is an Error that says why. */
  readonly drain: AbortSignal
  /** Stop looking; once something is written, only the other two count. */
  readonly look: AbortSignal
  /** Stop now. */
  readonly abort: AbortSignal
}

/** What is made comes before what goes: a renamed deployment is never missing. */
const order = ["create", "update", "adopt", "restore", "retire", "prune"] as const
/** Where a turn acts. */
interface Place {
  readonly context: TurnContext
  readonly source: Source
  readonly workspace: WorkspaceState
  readonly signals: Signals
}
type Retire = Extract<Change, { action: "retire" }>
type Written = Extract<Change, { action: (typeof order)[number] }>

/** Executes the allowed changes one after the other. */
export async function act(
  context: TurnContext,
  source: Source,
  workspace: WorkspaceState,
  { decision, signals }: { readonly decision: Decision; readonly signals: Signals },
): Promise<readonly ChangeResult[]> {
  const changes = order.flatMap((action) => decision.allowed.filter((one): one is Written => one.action === action))
  const vetoes = newVetoes(decision)
  if (changes.length === 0 && vetoes.length === 0) return []
  const place = { context, source, workspace, signals }
  return context.bulkheads.write(workspace.name, () => write(place, { decision, changes, vetoes }), signals.drain)
}

async function write(
  place: Place,
  todo: { readonly decision: Decision; readonly changes: readonly Written[]; readonly vetoes: readonly Retire[] },
): Promise<readonly ChangeResult[]> {
  const { context, source, workspace, signals } = place
  const { decision, changes, vetoes } = todo
  const obstacleToAll =
    whyStop(place) ?? (await claimSource(context, source, workspace, { decision, signal: signals.abort }))
  if (obstacleToAll !== null) return changes.map((change) => ({ change, result: "dropped", message: obstacleToAll }))
  await releaseFormer(context, { source, workspace }, changes, signals.abort)
  const owner = { installation: context.installation, source: source.name }
  const record = () => recordGround(context, source, workspace)
  const applier = new Applier({ port: workspace.port, clock: context.clock, owner, record })
  const results: ChangeResult[] = []
  for (const change of changes) {
    const obstacle =
      whyStop(place) ??
      (await claimSource(context, source, workspace, { decision, signal: signals.abort })) ??
      whyNot(change, results)
    if (obstacle !== null) {
      results.push({ change, result: "dropped", message: obstacle })
      continue
    }
    const { result, live, stillDiffers } = await applier.apply(change, signals.abort)
    results.push(result)
    remember(workspace, change, live)
    if (result.result === "failed") workspace.snapshots.distrust()
    workspace.patience = learn(workspace.patience, result, stillDiffers, context.clock.elapsed())
    tell(context, source, decision, result)
  }
  return [...results, ...(await writeVetoes(place, applier, { decision, vetoes }))]
}

/** Returns what failed: a veto that is written down is no change of the plan. */
async function writeVetoes(
  { context, source, workspace, signals }: Place,
  applier: Applier,
  { decision, vetoes }: { readonly decision: Decision; readonly vetoes: readonly Retire[] },
): Promise<readonly ChangeResult[]> {
  const failed: ChangeResult[] = []
  for (const change of vetoes) {
    if (whyStop({ context, source, workspace, signals }) !== null) break
    const { result, live } = await applier.veto(change, signals.abort)
    remember(workspace, change, live)
    if (result.result === "done") tellVeto(context, source, decision, change)
    if (result.result === "failed") failed.push(result)
  }
  return failed
}

/** What was read back; undefined = nothing was. */
function remember({ snapshots }: WorkspaceState, { key }: Change, live: LiveDeployment | null | undefined): void {
  if (live) snapshots.put(live)
  else if (live === null) snapshots.remove(key)
}

/** Those that a person has un-paused, and whose tag doesn't say so yet; held all the same. */
function newVetoes({ plan, allowed, hold }: Decision): readonly Retire[] {
  if (!hold?.reasons.some(({ code }) => code === "prune-vetoed")) return []
  return plan.changes.filter(
    (change): change is Retire =>
      change.action === "retire" &&
      change.vetoed &&
      !allowed.includes(change) &&
      readPruneTag(change.live.allTags) !== "vetoed",
  )
}

function tellVeto({ events }: TurnContext, source: Source, { revision }: Decision, { key }: Retire): void {
  const reason = "un-paused during its grace: its removal is vetoed"
  const event = {
    kind: "written",
    action: "restore",
    fields: ["tags"],
    corrected: [],
    result: "ok",
    message: null,
  } as const
  events.emit({ ...event, source: source.name, key, revision, reason })
}

/** Why nothing more is written in this turn; a person's word counts at once, not only for the next one. */
function whyStop({ context, source, workspace, signals }: Place): string | null {
  if (signals.drain.aborted) return toError(signals.drain.reason).message
  const suspend = memoryOf(workspace, source).sight.record?.record?.suspend ?? null
  return activeAt(suspend, isoTime(context.clock.now())) ? "the source has just been suspended" : null
}

function whyNot(change: Written, results: readonly ChangeResult[]): string | null {
  const removal = change.action === "retire" || change.action === "prune"
  return removal && results.some(({ result }) => result !== "done") ? "waits until the rest of the plan is done" : null
}

function tell({ events, secrets }: TurnContext, source: Source, { revision }: Decision, result: ChangeResult): void {
  const { change } = result
  if (result.result === "dropped" || change.action === "keep" || change.action === "skip") return
  const edited = "diffs" in change && isDrift(change)
  const corrected: readonly FieldName[] = edited ? [...new Set(change.diffs.map(({ field }) => field))] : []
  events.emit({
    kind: "written",
    source: source.name,
    action: change.action,
    key: change.key,
    revision,
    fields: writtenFields(change),
    corrected: corrected.map((name) => fieldTitle(name)),
    reason: "reason" in change ? change.reason : "new in Git",
    result: result.result === "done" ? "ok" : "failed",
    message: result.result === "failed" ? secrets.mask(result.problem.message) : null,
  })
}

function isDrift({ reason }: { readonly reason: string }): boolean {
  return reason === reasons.edited || reason === reasons.markRemoved
}
