import type { Change, Plan } from "../core/change.ts"
import { strangers } from "../core/automation.ts"
import { guardPlan, type GuardInput, type Superseded } from "../core/guard.ts"
import type { Desired, DeploymentKey, Instant, LiveDeployment, Revision, Snapshot, SourceName } from "../core/model.ts"
import { orphanCodes } from "../core/removal.ts"
import type { PlanInput } from "../core/plan-input.ts"
import type { Obstacles } from "../core/obstacles.ts"
import type { Hold, Pin, Suspend } from "../core/outcome.ts"
import { patienceFor } from "../core/patience.ts"
import { planSteps } from "../core/plan.ts"
import { ownedBy } from "../core/owned.ts"
import { readMark } from "../core/mark.ts"
import { activeAt, isSourceChanged, type SourceRecord } from "../core/record.ts"
import type { Source } from "../core/source.ts"
import { isoTime } from "../lib/clock.ts"
import { eyesOf, type TurnContext } from "./context.ts"
import { nothingEarlier, type Earlier } from "./earlier.ts"
import {
  declaredBy,
  hasUnknownSibling,
  memoryOf,
  siblingsOf,
  unchangedInGit,
  type SourceMemory,
  type WorkspaceState,
} from "./memory.ts"
import { observe, readIndex, readRecord, type Observation } from "./observe.ts"
import { leaversIn, readOwners } from "./owners.ts"
import type { Wish } from "./queue.ts"
import { readSiblings } from "./siblings.ts"
import { nothingMore, type Freshness } from "./snapshots.ts"

/** What a turn saw and decided; acting on it is another room's business. */
export interface Decision {
  readonly revision: Revision
  readonly desired: Desired
  readonly snapshot: Snapshot
  readonly record: SourceRecord | null
  readonly pin: Pin | null
  readonly owned: readonly LiveDeployment[]
  readonly manifests: readonly string[]
  readonly earlier: Earlier
  readonly plan: Plan
  readonly allowed: readonly Change[]
  readonly hold: Hold | null
  readonly imagesAgainMs: number | null
  /** Codes of what a person's confirmation has just let go. */
  readonly released: readonly string[]
}

/** Polls closer together than this share one request, whatever the number of sources. */
const pollShare = 0.8
/** How long a removal waits for a sibling that can't be read at all. */
const siblingWaitMs = 600_000
const noRevision = "0".repeat(40) as Revision

interface Turn {
  readonly context: TurnContext
  readonly source: Source
  readonly workspace: WorkspaceState
  readonly taken: Wish
}

/** Observes and decides. Writes nothing, so `plan` and the daemon go through the very same code. */
export async function decide(turn: Turn, signal: AbortSignal): Promise<Decision | { readonly suspend: Suspend }> {
  const { context, source, workspace } = turn
  const memory = memoryOf(workspace, source)
  const now = isoTime(context.clock.now())
  const record = await recordToBeginWith(turn, memory, signal)
  // Seen again after the source came back within this process: whoever replaces it now is the newer one.
  if (record?.instance === context.instance) memory.overwritten.add(context.instance)
  const suspend = activeAt(record?.suspend ?? null, now)
  if (suspend) return { suspend }
  const pin = activeAt(record?.pin ?? null, now)
  const pinned: Source = pin ? { ...source, ref: { kind: "commit", id: pin.revision } } : source
  const seen = await look(turn, pinned, memory, signal)
  memory.desired = seen.desired
  memory.declared = declaredBy(seen.desired, memory.declared)
  return unlessSuspended({ ...(await judge(turn, seen, signal)), pin }, now)
}

/** The listing may have brought a newer record. */
function unlessSuspended(decision: Decision, now: Instant): Decision | { readonly suspend: Suspend } {
  const suspend = activeAt(decision.record?.suspend ?? null, now)
  return suspend ? { suspend } : decision
}

/** What a listing brought is good enough to begin with: after this turn's own look it is read again where that is due. */
async function recordToBeginWith({ context, source, workspace }: Turn, { sight }: SourceMemory, signal: AbortSignal) {
  return sight.record ? sight.record.record : readRecord(eyesOf(context, workspace), source, sight, signal)
}

type Seen = Observation & { readonly revision: Revision }

async function look(turn: Turn, source: Source, memory: SourceMemory, signal: AbortSignal): Promise<Seen> {
  const { context, workspace, taken } = turn
  const eyes = eyesOf(context, workspace)
  const now = context.clock.elapsed()
  if (source.decommission) {
    const desired = nothingWanted(source, memory.observed?.revision ?? noRevision)
    const snapshot = await eyes.snapshots.current(nothingMore, freshnessOf(taken, workspace, false, now), signal)
    const unread = { manifests: [], earlier: nothingEarlier, imagesAgainMs: null }
    return { desired, snapshot, ...unread, revision: desired.revision }
  }
  const maxAgeMs = taken.requestedAt === null ? source.intervalMs * pollShare : now - taken.requestedAt
  const resolution = await context.git.resolve(source.remote, source.ref, maxAgeMs, signal)
  const { revision } = resolution
  if (memory.observed?.revision !== revision) memory.observed = { revision, at: isoTime(context.clock.now()) }
  const index = await readIndex(eyes, source, { revision, sight: memory.sight }, signal)
  const fresh = freshnessOf(taken, workspace, memory.desired?.revision !== revision, context.clock.elapsed())
  const { requestedAt } = taken
  const seen = await observe(eyes, source, { index, resolution, sight: memory.sight, fresh, requestedAt }, signal)
  return { ...seen, revision }
}

/** `decommission: true` reads no Git: what the source owns is all there is to say. */
function nothingWanted(source: Source, revision: Revision): Desired {
  const nothing = { deployments: new Map(), handsOff: new Set<DeploymentKey>(), problems: [] }
  return { kind: "complete", source: source.name, revision, ...nothing, digest: "" }
}

/** Plans, and before any removal makes sure: siblings read now, live state listed now, obstacles asked for. */
async function judge(turn: Turn, seen: Seen, signal: AbortSignal): Promise<Omit<Decision, "pin">> {
  const { context, source, workspace } = turn
  const eyes = eyesOf(context, workspace)
  const memory = memoryOf(workspace, source)
  let { snapshot } = seen
  let record = await readRecord(eyes, source, memory.sight, signal)
  const known = (name: SourceName): boolean => name === source.name || workspace.sources.has(name)
  const owners = { desired: seen.desired, snapshot, known }
  const records = await readOwners(eyes, owners, signal)
  let plan = await planNow(turn, { ...seen, snapshot, record, records }, new Map())
  if (plan.changes.some((change) => dependsOnSiblings(change, workspace))) {
    await readSiblings(context, workspace, source, signal)
    plan = await planNow(turn, { ...seen, snapshot, record, records }, new Map())
  }
  if (source.apply && plan.changes.some(isRemoval)) {
    const now = context.clock.elapsed()
    const wanted = { keys: snapshot.covers, automations: snapshot.automations === "read" }
    snapshot = await eyes.snapshots.current(wanted, { listedAfter: now, lookedAfter: now }, signal)
    record = await readRecord(eyes, source, memory.sight, signal)
    plan = await planNow(turn, { ...seen, snapshot, record, records }, new Map())
    const obstacles = await readObstacles(workspace, plan, signal)
    if (obstacles.size > 0) plan = await planNow(turn, { ...seen, snapshot, record, records }, obstacles)
  }
  const owner = { installation: context.installation, source: source.name }
  const siblings = siblingsOf(workspace, source.name, isoTime(context.clock.now()))
  const owned = ownedBy(owner, snapshot)
  const verdict = guardPlan({
    plan,
    source,
    declared: seen.desired.deployments.size + seen.desired.handsOff.size,
    owned,
    sourceChanged: isSourceChanged(record, source, owned.length) || !seen.earlier.known,
    siblingUnknown: siblingUnknown(turn, plan),
    leavers: leaversIn(plan, { installation: context.installation, siblings, snapshot }),
    letGo: memory.letGo,
    superseded: supersededBy(context, memory, record),
    firstLook: memory.firstLook && record?.desired === seen.desired.digest,
    otherVersion: otherVersion(context, record, owned.length),
    confirmed: memory.confirmed,
    previous: memory.hold,
    now: isoTime(context.clock.now()),
  })
  // A turn that gets here has seen everything, so the caution of a first look is over unless it held something.
  memory.firstLook &&= verdict.hold !== null
  memory.confirmed = null
  memory.hold = verdict.hold
  memory.letGo = stillLeaving(plan, [...memory.letGo, ...verdict.letGo])
  return { ...seen, snapshot, record, owned, plan, ...verdict }
}

async function planNow(
  { context, source, workspace }: Turn,
  { desired, snapshot, record, records }: Seen & Pick<PlanInput, "records"> & { readonly record: SourceRecord | null },
  obstacles: ReadonlyMap<DeploymentKey, Obstacles>,
): Promise<Plan> {
  const memory = memoryOf(workspace, source)
  const patience = patienceFor(workspace.patience, desired, context.clock.elapsed())
  const steps = planSteps({
    installation: context.installation,
    source,
    desired,
    snapshot,
    siblings: siblingsOf(workspace, source.name, isoTime(context.clock.now())),
    records,
    unchangedInGit: unchangedInGit(memory, record, desired),
    patience,
    removal: {
      serverNow: workspace.port.serverNow(),
      obstacles,
      refused: [...patience.values()].some((fields) => fields.has("*")),
    },
  })
  return context.bulkheads.inSteps(steps)
}

/** Only what is about to be deleted is asked for, so a turn without a removal makes no request here. */
async function readObstacles(
  { port }: WorkspaceState,
  plan: Plan,
  signal: AbortSignal,
): Promise<ReadonlyMap<DeploymentKey, Obstacles>> {
  const found = new Map<DeploymentKey, Obstacles>()
  for (const change of plan.changes) {
    if (change.action !== "prune") continue
    const runs = await port.runs(change.live.id, signal)
    const automations = strangers(await port.automations.read(change.live, signal))
    found.set(change.key, { automations, manualRuns: runs.manual, activeRuns: runs.active })
  }
  return found
}

/** What leaves a source, because another, or that one again, may declare it now; a conflict, because its owner may have let it go. */
function dependsOnSiblings(change: Change, { sources }: WorkspaceState): boolean {
  if (isRemoval(change) || ("former" in change && change.former?.leaves)) return true
  if (change.action === "skip" && (change.code === "claimed" || change.code === "claimed-by")) return true
  if (change.action !== "skip" || change.code !== "owned-by-other" || !change.live) return false
  const mark = readMark(change.live.allTags, change.key)
  return mark.kind === "owned" && sources.has(mark.owner.source)
}

function isRemoval({ action }: Change): boolean {
  return action === "retire" || action === "prune"
}

function siblingUnknown({ context, source, workspace }: Turn, plan: Plan): boolean {
  const memory = memoryOf(workspace, source)
  const waits = plan.changes.some(({ action }) => action === "retire") && hasUnknownSibling(workspace, source.name)
  memory.siblingAwaitedSince = waits ? (memory.siblingAwaitedSince ?? context.clock.elapsed()) : null
  return memory.siblingAwaitedSince !== null && context.clock.elapsed() - memory.siblingAwaitedSince < siblingWaitMs
}

/** A lost record tells no version, and so lifts no hold. */
function otherVersion(
  { version }: TurnContext,
  record: SourceRecord | null,
  owned: number,
): GuardInput["otherVersion"] {
  const before = record?.version ?? null
  return owned === 0 || before === version ? null : { before, now: version }
}

/** What a person let go is forgotten once it is gone, or back in Git. */
function stillLeaving({ changes }: Plan, letGo: readonly DeploymentKey[]): ReadonlySet<DeploymentKey> {
  const orphans = new Set(
    changes.flatMap((change) => (change.action === "skip" && orphanCodes.has(change.code) ? [change.key] : [])),
  )
  return new Set(letGo.filter((key) => orphans.has(key)))
}

/**
 * Why this daemon isn't the one that works on the source: the record holds an id that isn't ours and that we didn't put
 * ours in the place of, so a later start wrote it; or it was released since it was first read here.
 */
export function supersededBy(
  context: TurnContext,
  memory: SourceMemory,
  record: SourceRecord | null,
): Superseded | null {
  if (record?.released && memory.sight.unreleased) return "released"
  const other = record?.instance ?? null
  const written = memory.overwritten.size > 0
  return other !== null && other !== context.instance && written && !memory.overwritten.has(other) ? "newer" : null
}

function freshnessOf(taken: Wish, workspace: WorkspaceState, moved: boolean, now: number): Freshness {
  const asked = taken.requestedAt ?? Number.NEGATIVE_INFINITY
  const due = moved || taken.trigger === "retry" ? now : now - workspace.driftIntervalMs
  return {
    listedAfter: taken.trigger === "sync" ? asked : Number.NEGATIVE_INFINITY,
    lookedAfter: Math.max(asked, due),
  }
}
