import { claimOn, takesFreely } from "./claim.ts"
import { mayLeaveOurs, planAutomations, planReturn } from "./automation.ts"
import { reasons, type Change, type FieldDiff, type Plan } from "./change.ts"
import { diffFields, wantedFields } from "./drift.ts"
import { isRetired, markTags, readMark, readPruneTag, sameOwner, sameTags } from "./mark.ts"
import type {
  AutomationWrite,
  DesiredDeployment,
  DesiredFields,
  DeploymentKey,
  FieldName,
  LiveDeployment,
  Snapshot,
  Wanted,
} from "./model.ts"
import { withoutNewer } from "./newer.ts"
import { ownedBy } from "./owned.ts"
import { ownerOf, strangersOf, type PlanInput } from "./plan-input.ts"
import { problemsOf } from "./plan-problems.ts"
import type { ProblemCode } from "./problems.ts"
import { planRemovals, type Claim } from "./removal.ts"
import { buildWrite, lettersKept, lettersOf, tagsAfter, withResets } from "./write.ts"

/** Decides about every key that Git declares or this source owns. Pure; apply decides nothing any more. */
export function planChanges(input: PlanInput): Plan {
  const steps = planSteps(input)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Decisions in one step: some milliseconds. */
const stepSize = 50

/** The same in steps, for who has other things to do between them. */
export function* planSteps(input: PlanInput): Generator<undefined, Plan> {
  const { desired, snapshot } = input
  const owned = ownedBy(ownerOf(input), snapshot)
  const declared: Change[] = []
  for (const wanted of desired.deployments.values()) {
    declared.push(decide(input, wanted))
    if (declared.length % stepSize === 0) yield
  }
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

/** The other sources that declare a key: one of them takes it over, so it is never retired here. */
function claimsIn({ siblings, source }: PlanInput): (key: DeploymentKey) => readonly Claim[] {
  return (key) =>
    [...siblings].flatMap(([name, { source: taker, declares, canTake }]) => {
      if (!declares.has(key)) return []
      const isAsked = canTake && !takesFreely(taker, source)
      return [{ source: name, canTake: canTake && !isAsked, isAsked }]
    })
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
  const wanted = wantedFields(withoutUnmanaged(desired.fields, input.snapshot), null, [])
  const mark = markTags(ownerOf(input), key, lettersOf(desired.fields, ""))
  const automations = planAutomations(wanted.automations ?? [], [], key, ownerOf(input))
  return { action: "create", key, desired, tags: tagsAfter(wanted, null, mark), automations }
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
  if (mark.kind === "none") return decideUnowned(input, desired, live)
  const claim = claimOn(input, mark.owner, live)
  if (claim.kind === "conflict") return skip(live.key, live, "owned-by-other", claim.why)
  if (claim.kind === "unowned") return decideUnowned(input, desired, live)
  // As within one source: what the new owner's Git leaves out is reset where the former one's had set it.
  const { change } = changeTo(input, withoutStrangers(input, desired, live), live, mark.letters)
  const reason = `taken over from ${mark.owner.source}`
  return { ...change, action: "adopt", from: "hand-over", former: claim.former, reason }
}

function decideOwned(input: PlanInput, desired: DesiredDeployment, live: LiveDeployment, letters: string): Change {
  const { change, diffs, lettersAfter } = changeTo(input, withoutStrangers(input, desired, live), live, letters)
  const restored = isRetired(live) || readPruneTag(live.allTags) === "vetoed"
  const dropped = letters.split("").some((letter) => !lettersAfter.includes(letter))
  if (restored) return { ...change, action: "restore", reason: "back in Git" }
  const unmarked = change.write.automations.length > 0
  if (diffs.length === 0 && !dropped && !unmarked) return { action: "keep", key: live.key, live, at: desired.at }
  const drifted = input.unchangedInGit(live.key)
  if (drifted && input.source.policy.onDrift === "report") {
    return { ...skip(live.key, live, "drift-reported", "edited in Prefect; onDrift: report leaves it"), diffs }
  }
  return { ...change, action: "update", reason: drifted ? reasons.edited : "changed in Git" }
}

function decideUnowned(input: PlanInput, desired: DesiredDeployment, live: LiveDeployment): Change {
  const { change } = changeTo(input, desired, live, "")
  if (input.source.policy.adopt === "never") {
    return skip(live.key, live, "not-adopted", "it exists without an owner; adopt: never leaves it")
  }
  const reason = input.unchangedInGit(live.key) ? reasons.markRemoved : "existed without an owner"
  return { ...change, action: "adopt", from: "unowned", reason }
}

/** The write that makes live as Git says and marks it ours, whatever the action is called. */
function changeTo(input: PlanInput, desired: DesiredDeployment, live: LiveDeployment, letters: string) {
  const waiting = input.patience.get(live.key)
  const asked = withResets(
    withDefaultQueue(withoutUnmanaged(desired.fields, input.snapshot), live, input.snapshot),
    letters,
  )
  const all = wantedFields(asked, live.fields, input.source.policy.ignore)
  const wanted = restoredPause(
    Object.fromEntries(Object.entries(all).filter(([name]) => !waiting?.has(name as FieldName))),
    live,
  )
  const kept = live.sharedLimit === null ? wanted : withoutLimit(wanted)
  const diffs = diffFields(kept, live.fields)
  const automations = automationsOf(input, kept, live)
  const lettersAfter = lettersKept(desired.fields, letters, mayLeaveOurs(live.fields.automations, automations))
  const mark = markTags(ownerOf(input), live.key, lettersAfter)
  const never = readPruneTag(live.allTags) === "never" ? ["gitops-prune=never"] : []
  const tags = tagsAfter(kept, live, [...mark, ...never])
  const write = {
    ...buildWrite(kept, live, diffs, sameTags(tags, live.allTags) ? null : tags),
    automations,
  }
  return { change: { key: live.key, live, desired, diffs, write, from: null, former: null }, diffs, lettersAfter }
}

/** A person's automation that is named as one in Git is theirs until `adopt` says otherwise. */
function withoutStrangers(input: PlanInput, desired: DesiredDeployment, live: LiveDeployment): DesiredDeployment {
  if (strangersOf(input, desired, live).length === 0) return desired
  const automations = { kind: "undecided", reason: "an automation of that name is nobody's" } as const
  return { ...desired, fields: { ...desired.fields, automations } }
}

/** Where Git doesn't decide, what a retirement switched off is still given back, also one that was cut off half-way. */
function automationsOf(input: PlanInput, wanted: Wanted, live: LiveDeployment): readonly AutomationWrite[] {
  const known = live.fields.automations ?? []
  if (wanted.automations === undefined) return planReturn(known)
  return planAutomations(wanted.automations, known, live.key, ownerOf(input))
}

/** Without what can't be kept here: what wasn't read, and what this server is too old for. */
function withoutUnmanaged(desired: DesiredFields, snapshot: Snapshot): DesiredFields {
  const triggers = snapshot.automations === "read" ? desired.automations : ({ kind: "absent" } as const)
  return withoutNewer({ ...desired, automations: triggers }, snapshot.server)
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
  const { workPool } = desired.fields
  if (!("value" in workPool) || workPool.value === null || snapshot.workPools.has(workPool.value)) return null
  return ["work-pool-not-found", `the workspace has no work pool "${workPool.value}": create it, or name another`]
}

function skip(key: DeploymentKey, live: LiveDeployment | null, code: ProblemCode, message: string) {
  return { action: "skip" as const, key, live, code, message, diffs: [] as readonly FieldDiff[] }
}
