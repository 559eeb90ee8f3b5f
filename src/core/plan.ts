import { reasons, type Change, type FieldDiff, type Plan } from "./change.ts"
import { diffFields, wantedFields } from "./drift.ts"
import { fieldOf, fieldTitle } from "./fields.ts"
import { markTags, readMark, readPruneTag, sameOwner, type Owner } from "./mark.ts"
import type {
  Desired,
  DesiredDeployment,
  DesiredFields,
  DeploymentKey,
  FieldName,
  LiveDeployment,
  Problem,
  Snapshot,
  SourceName,
  Wanted,
} from "./model.ts"
import { problemOf, type ProblemCode } from "./problems.ts"
import { planRemovals, type Claim, type RemovalFacts } from "./removal.ts"
import type { Source } from "./source.ts"
import { buildWrite, lettersOf, tagsAfter, withResets } from "./write.ts"

/** Everything that a plan depends on, as values: the same input gives the same plan, in whatever order it came. */
export interface PlanInput {
  readonly installation: string
  readonly source: Source
  readonly desired: Desired
  readonly snapshot: Snapshot
  /** The other configured sources of this workspace. */
  readonly siblings: ReadonlyMap<SourceName, Sibling>
  /** Keys whose desired state is what it was at the last write, so a difference was made in Prefect. */
  readonly unchangedInGit: (key: DeploymentKey) => boolean
  /** Fields ("*" = all) that are left alone for now, with the reason: `core/patience.ts`. */
  readonly patience: ReadonlyMap<DeploymentKey, ReadonlyMap<FieldName | "*", Problem>>
  readonly removal: RemovalFacts
}

/** What another source declares, as it was last read. */
export interface Sibling {
  /** Problem entries included: what is declared badly is declared all the same. */
  readonly declares: ReadonlySet<DeploymentKey>
  /** false when it was never read, or not wholly. */
  readonly complete: boolean
  /** Whether it could take something over now: it isn't suspended, failing, or forbidden to write. */
  readonly canTake: boolean
}

/** Decides about every key that Git declares or this source owns. Pure; apply decides nothing any more. */
export function planChanges(input: PlanInput): Plan {
  const { desired, snapshot } = input
  const owner = ownerOf(input)
  const owned = [...snapshot.deployments.values()].filter((live) => owns(owner, live))
  const declared = [...desired.deployments.values()].map((wanted) => decide(input, wanted))
  const untouched = [...desired.handsOff].map((key) =>
    skip(
      key,
      snapshot.deployments.get(key) ?? null,
      "entry-has-problem",
      "its entry has a problem, so it is left alone",
    ),
  )
  const orphans = owned.filter(({ key }) => !desired.deployments.has(key) && !desired.handsOff.has(key))
  const removals = planRemovals({
    source: input.source,
    desired,
    orphans,
    claims: claimsIn(input),
    facts: input.removal,
    waiting: declared.flatMap((change) => {
      const isWaiting = change.action === "skip" && change.live === null
      return isWaiting ? (desired.deployments.get(change.key) ?? []) : []
    }),
  })
  const changes = [...declared, ...untouched, ...removals].toSorted((a, b) =>
    a.key < b.key ? -1 : a.key > b.key ? 1 : 0,
  )
  return {
    source: input.source.name,
    revision: desired.revision,
    changes,
    problems: [...desired.problems, ...changes.flatMap((change) => problemsOf(input, change))],
    owned: owned.length,
  }
}

export function owns(owner: Owner, live: LiveDeployment): boolean {
  const mark = readMark(live.allTags, live.key)
  return mark.kind === "owned" && sameOwner(mark.owner, owner)
}

/** The other sources that declare a key: one of them takes it over, so it is never retired here. */
function claimsIn({ siblings }: PlanInput): (key: DeploymentKey) => readonly Claim[] {
  return (key) =>
    [...siblings].flatMap(([source, { declares, canTake }]) => (declares.has(key) ? [{ source, canTake }] : []))
}

function ownerOf({ installation, source }: PlanInput): Owner {
  return { installation, source: source.name }
}

function decide(input: PlanInput, desired: DesiredDeployment): Change {
  const { key } = desired
  const live = input.snapshot.deployments.get(key) ?? null
  const refused = input.patience.get(key)?.get("*")
  if (refused) return skip(key, live, refused.code as ProblemCode, refused.message)
  const missing = missingInfrastructure(desired, input.snapshot)
  if (missing) return skip(key, live, ...missing)
  if (live) return decideExisting(input, desired, live)
  if (desired.createWaits) return skip(key, null, desired.createWaits.code as ProblemCode, desired.createWaits.message)
  const mark = markTags(ownerOf(input), key, lettersOf(desired.fields, ""))
  return { action: "create", key, desired, tags: tagsAfter(wantedFields(desired.fields, null, []), null, mark) }
}

function decideExisting(input: PlanInput, desired: DesiredDeployment, live: LiveDeployment): Change {
  const mark = readMark(live.allTags, live.key)
  if (mark.kind === "ambiguous") {
    return skip(
      live.key,
      live,
      "mark-ambiguous",
      "it carries several owner or mark tags: remove all but the right ones",
    )
  }
  const mine = mark.kind === "owned" && sameOwner(mark.owner, ownerOf(input))
  if (mine) return decideOwned(input, desired, live, mark.letters)
  const claim = mark.kind === "owned" ? claimOn(input, mark.owner, live) : "unowned"
  if (claim === "conflict" && mark.kind === "owned") {
    const { installation, source } = mark.owner
    const where = installation === input.installation ? `source ${source}` : `${source} of installation ${installation}`
    return skip(live.key, live, "owned-by-other", `${where} owns it; remove it there first`)
  }
  return decideAdoption(input, desired, live, claim === "hand-over" && mark.kind === "owned" ? mark.owner : null)
}

/** Whether a resource that bears another owner's mark may be taken. */
function claimOn(input: PlanInput, owner: Owner, live: LiveDeployment): "conflict" | "hand-over" | "unowned" {
  // Un-paused meanwhile = vetoed by a person: its owner is about to say so.
  if (isRetired(live) && live.fields.paused) return "hand-over"
  if (owner.installation !== input.installation) return "conflict"
  const sibling = input.siblings.get(owner.source)
  // A source that this installation no longer has can't object, but its mark isn't ours either: adopt by policy.
  if (!sibling) return "unowned"
  return sibling.complete && !sibling.declares.has(live.key) ? "hand-over" : "conflict"
}

export function isRetired(live: LiveDeployment): boolean {
  const tag = readPruneTag(live.allTags)
  return tag === "pending" || tag === "pending-paused"
}

function decideOwned(input: PlanInput, desired: DesiredDeployment, live: LiveDeployment, letters: string): Change {
  const { change, diffs } = changeTo(input, desired, live, letters)
  const restored = isRetired(live) || readPruneTag(live.allTags) === "vetoed"
  const dropped = letters.split("").some((letter) => !lettersOf(desired.fields, letters).includes(letter))
  if (restored) return { ...change, action: "restore", reason: "back in Git" }
  if (diffs.length === 0 && !dropped) return { action: "keep", key: live.key, live }
  const drifted = input.unchangedInGit(live.key)
  if (drifted && input.source.policy.onDrift === "report") {
    return { ...skip(live.key, live, "drift-reported", "edited in Prefect; onDrift: report leaves it"), diffs }
  }
  return { ...change, action: "update", reason: drifted ? reasons.edited : "changed in Git" }
}

function decideAdoption(
  input: PlanInput,
  desired: DesiredDeployment,
  live: LiveDeployment,
  from: Owner | null,
): Change {
  const { change } = changeTo(input, desired, live, "")
  if (from) return { ...change, action: "adopt", from: "hand-over", reason: `taken over from ${from.source}` }
  if (input.source.policy.adopt === "never") {
    return skip(live.key, live, "not-adopted", "it exists without an owner; adopt: never leaves it")
  }
  const reason = input.unchangedInGit(live.key) ? reasons.markRemoved : "existed without an owner"
  return { ...change, action: "adopt", from: "unowned", reason }
}

/** The write that makes live as Git says and marks it ours, whatever the action is called. */
function changeTo(input: PlanInput, desired: DesiredDeployment, live: LiveDeployment, letters: string) {
  const waiting = input.patience.get(live.key)
  const asked = withResets(withDefaultQueue(desired.fields, live, input.snapshot), letters)
  const all = wantedFields(asked, live.fields, input.source.policy.ignore)
  const wanted = restoredPause(
    Object.fromEntries(Object.entries(all).filter(([name]) => !waiting?.has(name as FieldName))),
    live,
  )
  const kept = live.sharedLimit === null ? wanted : withoutLimit(wanted)
  const diffs = diffFields(kept, live.fields)
  const mark = markTags(ownerOf(input), live.key, lettersOf(desired.fields, letters))
  const never = readPruneTag(live.allTags) === "never" ? ["gitops-prune=never"] : []
  const tags = tagsAfter(kept, live, [...mark, ...never])
  const sameTags = tags.length === live.allTags.length && tags.every((tag) => live.allTags.includes(tag))
  const write = buildWrite(kept, live, diffs, sameTags ? null : tags)
  return { change: { key: live.key, live, desired, diffs, write, from: null }, diffs }
}

/** A restore gives back what the retirement took: un-paused, unless it was paused before or Git decides. */
function restoredPause(wanted: Wanted, live: LiveDeployment): Wanted {
  if (wanted.paused !== undefined || readPruneTag(live.allTags) !== "pending") return wanted
  return { ...wanted, paused: false }
}

/** A shared limit is never written through: others use it, and a number would change it for all of them. */
function withoutLimit(wanted: Wanted): Wanted {
  const { concurrencyLimit: _limit, ...rest } = wanted
  return rest
}

/** A pool's default queue by its name is what live state gives as null. */
function withDefaultQueue(desired: DesiredFields, live: LiveDeployment, snapshot: Snapshot): DesiredFields {
  const { workPool, workQueue } = desired
  const name = "value" in workPool ? workPool.value : live.fields.workPool
  const pool = name === null ? undefined : snapshot.workPools.get(name)
  if (!pool || !("value" in workQueue) || workQueue.value === null || workQueue.value !== pool.defaultQueue)
    return desired
  return { ...desired, workQueue: { ...workQueue, value: null } }
}

function missingInfrastructure(desired: DesiredDeployment, snapshot: Snapshot): readonly [ProblemCode, string] | null {
  const { workPool, workQueue } = desired.fields
  if (!("value" in workPool) || workPool.value === null) return null
  const pool = snapshot.workPools.get(workPool.value)
  if (!pool)
    return ["work-pool-not-found", `the workspace has no work pool "${workPool.value}": create it, or name another`]
  if (!("value" in workQueue) || workQueue.value === null || pool.queues.has(workQueue.value)) return null
  return [
    "work-queue-not-found",
    `work pool "${pool.name}" has no queue "${workQueue.value}": create it, or name another`,
  ]
}

function skip(key: DeploymentKey, live: LiveDeployment | null, code: ProblemCode, message: string) {
  return { action: "skip" as const, key, live, code, message, diffs: [] as readonly FieldDiff[] }
}

/** What people must know about a decision, at the place in Git that it came from. */
function problemsOf(input: PlanInput, change: Change): readonly Problem[] {
  const desired = input.desired.deployments.get(change.key)
  const skipped = change.action === "skip" ? problemOf(change.code as ProblemCode, change.message, change.key) : null
  const waiting = [...(input.patience.get(change.key) ?? [])].flatMap(([name, problem]) =>
    name === "*" ? [] : [{ ...problem, message: `${fieldTitle(name)}: ${problem.message}` }],
  )
  const found = [skipped, sharedLimit(change, desired), otherWriter(change), ...waiting].filter(
    (problem) => problem !== null,
  )
  return found.map((problem) => ({ ...problem, ...desired?.at }))
}

/** `prefect deploy` over one of ours leaves it without our tags. */
function otherWriter(change: Change): Problem | null {
  if (change.action !== "adopt" || change.reason !== reasons.markRemoved) return null
  const message =
    "its ownership tags were removed: something else deploys it too (a CI job with prefect deploy?); stop that"
  return problemOf("another-writer", message, change.key)
}

function sharedLimit(change: Change, desired: DesiredDeployment | undefined): Problem | null {
  const name = "live" in change ? change.live?.sharedLimit : null
  if (!name || !desired || !("value" in desired.fields.concurrencyLimit)) return null
  const message = `the shared concurrency limit "${name}" is attached, so concurrency_limit isn't written`
  return problemOf("shared-limit-attached", message, change.key)
}

/** Names of the fields that a change writes, as Prefect writes them; the mark alone is "tags". */
export function writtenFields(change: Change): readonly string[] {
  if (!("write" in change)) return []
  const { fields: sent, tags, schedules } = change.write.patch
  const names = Object.keys(sent).map((name) => fieldOf(name as FieldName).title)
  const scheduled = schedules || change.write.removeSchedules.length > 0
  return [...names, ...(tags ? ["tags"] : []), ...(scheduled ? ["schedules"] : [])]
}
