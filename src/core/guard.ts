import type { Change, Plan } from "./change.ts"
import { digestOf } from "./digest.ts"
import { fieldOf } from "./fields.ts"
import { handOverReasons, type HandOverGuard } from "./guard-hand-over.ts"
import { removalReasons, type Reason, type RemovalGuard } from "./guard-removal.ts"
import type { DeploymentKey, Instant } from "./model.ts"
import type { Hold } from "./outcome.ts"
import type { Source } from "./source.ts"

export type Superseded = keyof typeof standBacks

/** What is true is the plan's business; how much of it is allowed today is decided here. */
export interface GuardInput extends RemovalGuard, HandOverGuard {
  readonly plan: Plan
  readonly source: Source
  /** The first turn of this process, and Git says what it said at the last write: only Prefect or people changed things. */
  readonly firstLook: boolean
  /** Another version of Lockstep wrote what is live, or nobody knows which: this one may render differently. */
  readonly otherVersion: { readonly before: string | null; readonly now: string } | null
  /** Another daemon works on this source, or may: nothing may be written here. */
  readonly superseded: Superseded | null
  /** Digest that a person confirmed, or null. */
  readonly confirmed: string | null
  readonly previous: Hold | null
  readonly now: Instant
}

export interface Verdict {
  readonly allowed: readonly Change[]
  readonly hold: Hold | null
  /** Codes of the reasons that a confirmation has just released. */
  readonly released: readonly string[]
  /** What other sources may take now, because a person has just confirmed that it leaves. */
  readonly letGo: readonly DeploymentKey[]
}

const massUpdateMin = 5
const massUpdatePercent = 20

/** Takes out of a plan what needs a person's word. What is left goes on; a hold never stops the rest. */
export function guardPlan(input: GuardInput): Verdict {
  if (input.superseded) return standBack(input, input.superseded)
  const found = [differingAdoptions(input), massUpdate(input), ...handOverReasons(input), ...removalReasons(input)]
  const reasons = found.filter((one) => one !== null)
  if (reasons.length === 0) return { allowed: input.plan.changes, hold: null, released: [], letGo: [] }
  const hold = holdOf(reasons, input)
  const confirmed = hold.digest === input.confirmed
  const standing = confirmed ? reasons.filter((reason) => outlasts(reason, reasons)) : reasons
  const released = reasons.filter((reason) => !standing.includes(reason))
  const held = new Set(standing.flatMap((reason) => reason.held))
  return {
    allowed: input.plan.changes.filter((change) => !held.has(change)),
    hold: standing.length > 0 ? holdOf(standing, input) : null,
    released: released.map(({ code }) => code),
    letGo: released.flatMap((reason) => reason.held.filter(({ action }) => action === "skip").map(({ key }) => key)),
  }
}

/** Whether a reason stays after a confirmation: a twin mustn't start while facts still keep the other one running. */
function outlasts(reason: Reason, all: readonly Reason[]): boolean {
  if (!reason.releasable) return true
  const stuck = new Set(all.filter(({ releasable }) => !releasable).flatMap(({ held }) => held))
  return reason.code === "would-run-twice" && reason.victims.some((victim) => stuck.has(victim))
}

/** Two daemons with one installation: the newest start wins, and the older one writes nothing, not even this. */
const standBacks = {
  newer: {
    message: "a newer daemon of this installation works on this source; stop one of the two",
    ending: "stop one of the two daemons; the one that started last works on",
  },
  released: {
    message: "its record was released while this daemon runs, so others may take what it owns",
    ending: "remove the source here; or start this daemon anew: then the source is taken up again",
  },
} as const

function standBack(input: GuardInput, why: Superseded): Verdict {
  const reason = { code: "superseded", ...standBacks[why], victims: [], held: [], releasable: false }
  const allowed = input.plan.changes.filter(({ action }) => action === "keep" || action === "skip")
  return { allowed, hold: holdOf([reason], input), released: [], letGo: [] }
}

/** `adopt: same` takes a resource silently only when nothing but the mark would change. */
function differingAdoptions({ plan, source }: GuardInput): Reason | null {
  if (source.policy.adopt !== "same") return null
  const victims = plan.changes.filter(
    (change) => change.action === "adopt" && change.from === "unowned" && change.diffs.length > 0,
  )
  if (victims.length === 0) return null
  const message = `${victims.length} that nobody owns differ from Git: confirm to take over and change them, or set adopt: unowned`
  return { code: "adopt-differs", message, victims, held: victims, releasable: true }
}

/** After a start, a sudden difference everywhere is more likely our mistake, or Prefect's, than a person's. */
function massUpdate({ plan, firstLook, otherVersion }: GuardInput): Reason | null {
  const updates = plan.changes.filter((change): change is Update => change.action === "update")
  const allowed = Math.max(massUpdateMin, Math.floor((plan.owned * massUpdatePercent) / 100))
  const tooMany = (firstLook || otherVersion !== null) && updates.length > allowed
  const repulled = otherVersion === null ? [] : updates.filter((change) => pullsOtherwise(change))
  const victims = tooMany ? updates : repulled
  if (victims.length === 0) return null
  const cause =
    otherVersion === null
      ? "Git is as it was"
      : `this is Lockstep ${otherVersion.now}, and ${otherVersion.before ?? "an unknown version"} wrote before it`
  const many = `${victims.length} of ${plan.owned} deployments`
  const effect = tooMany
    ? `${many} differ; up to ${allowed} are corrected without a confirmation`
    : `the pull steps of ${many} would change by more than the commit; look at the plan, and set pull on the source where they should stay`
  return { code: "mass-update", message: `${cause}, yet ${effect}`, victims, held: victims, releasable: true }
}

type Update = Extract<Change, { action: "update" | "adopt" | "restore" }>

/** What a run pulls is what runs: where Lockstep itself makes that otherwise than before, a person looks first. */
function pullsOtherwise({ desired, diffs }: Update): boolean {
  return diffs.some(({ field, path }) => desired.fields[field].kind === "derived" && fieldOf(field).reviewed(path))
}

/** What has to happen where no confirmation helps. */
const endings: Readonly<Record<string, string>> = {
  "claimed-by":
    "let the source that declares them take over: resume or unpin it, confirm its hand-over, or mend what it fails at",
  "sibling-unknown": "wait until all sources of the workspace are read, 10 minutes at most",
}

function holdOf(reasons: readonly Reason[], { plan, previous, now }: GuardInput): Hold {
  const victims = [...new Set(reasons.flatMap((reason) => reason.victims))].flatMap((change) =>
    "live" in change && change.live ? [{ kind: "deployment" as const, key: change.key, id: change.live.id }] : [],
  )
  const digest = digestOf([reasons.map(({ code }) => code), victims.map(({ key, id }) => [key, id])]).slice(0, 12)
  const confirm = reasons.some((reason) => !outlasts(reason, reasons))
  return {
    reasons: reasons.map(({ code, message }) => ({ code, message })),
    victims,
    digest,
    release: [
      ...(confirm ? [`lockstep confirm ${plan.source} ${digest}`] : []),
      ...new Set(reasons.flatMap(({ code, ending }) => ending ?? endings[code] ?? [])),
    ],
    since: previous?.digest === digest ? previous.since : now,
  }
}
