import { isMarked } from "./automation.ts"
import type { Change, Plan } from "./change.ts"
import { likeness } from "./likeness.ts"
import { howMany, isLeaving, leaveCodes, leaveGuards, type Leaver } from "./leaving.ts"
import type { DeploymentKey, LiveDeployment } from "./model.ts"

/** Why some changes wait, and which; `victims` are what a person is asked about, `held` what stays out meanwhile. */
export interface Reason {
  readonly code: string
  readonly message: string
  readonly victims: readonly Change[]
  readonly held: readonly Change[]
  /** Whether a person's word releases it; else only the facts do. */
  readonly releasable: boolean
  /** What ends it, where that is peculiar to it. */
  readonly ending?: string
}

/** What the guard must know about a source before it lets anything go. */
export interface RemovalGuard extends Leaver {
  readonly plan: Plan
  /** What a person let other sources take. */
  readonly letGo: ReadonlySet<DeploymentKey>
  /** Another source of the workspace was never read in this process, and not waited for long enough. */
  readonly siblingUnknown: boolean
}

type Retire = Extract<Change, { action: "retire" }>
type Prune = Extract<Change, { action: "prune" }>
type Create = Extract<Change, { action: "create" }>

/** Why removals, and creates that would run beside what isn't removed, have to wait. */
export function removalReasons(input: RemovalGuard): readonly (Reason | null)[] {
  const all = input.plan.changes.filter((change): change is Retire => change.action === "retire")
  const vetoed = all.filter((change) => change.vetoed)
  const retires = all.filter((change) => !change.vetoed)
  const prunes = input.plan.changes.filter((change): change is Prune => change.action === "prune")
  const reasons = [
    reason(
      "prune-vetoed",
      vetoed,
      `${count(vetoed)} un-paused during the grace: somebody wants to keep it; confirm to retire again`,
    ),
    ...leaveReasons(input, [...retires, ...claimedBy(input)], prunes),
    ...obstacles(prunes),
    claimed(input),
    siblingUnknown(input, retires),
  ]
  return [...reasons, runningTwice(input, reasons)]
}

/** What is retired and what other sources take over leaves together; what is about to be deleted has left before. */
function leaveReasons(
  input: RemovalGuard,
  leaving: readonly Change[],
  prunes: readonly Prune[],
): readonly (Reason | null)[] {
  return leaveCodes.map((code) => {
    const victims = code === "source-changed" ? [...leaving, ...prunes] : leaving
    const why = victims.length === 0 ? null : leaveGuards[code](input, victims.length)
    return why === null ? null : reason(code, victims, why)
  })
}

/** What other sources declare, and so take over now or once they can. */
function claimedBy({ plan, letGo }: RemovalGuard): readonly Change[] {
  return plan.changes.filter(
    (change) =>
      change.action === "skip" && claimedCodes.has(change.code) && change.live && isLeaving(change.live, letGo),
  )
}

const claimedCodes = new Set(["claimed", "claimed-by"])

/** Deleting it would break what still uses it, so a person decides. */
function obstacles(prunes: readonly Prune[]): readonly (Reason | null)[] {
  const acted = prunes.filter((change) => (change.obstacles?.automations.length ?? 0) > 0)
  const planned = prunes.filter((change) => (change.obstacles?.manualRuns ?? 0) > 0)
  const running = prunes.filter((change) => (change.obstacles?.activeRuns ?? 0) > 0)
  const names = acted.flatMap((change) => change.obstacles?.automations ?? []).slice(0, 5)
  return [
    reason("related-automation", acted, `automations act on ${count(acted)}: ${names.join(", ")}`),
    reason(
      "manual-runs",
      planned,
      `${count(planned)} with runs that somebody scheduled by hand; they would be deleted too`,
    ),
    reason("active-runs", running, `${count(running)} with runs still active a day after the grace`),
  ]
}

/** Another source declares it but can't take it over now; retiring it here would be an outage there. */
function claimed({ plan }: RemovalGuard): Reason | null {
  const victims = plan.changes.filter((change) => change.action === "skip" && change.code === "claimed-by")
  const found = reason(
    "claimed-by",
    victims,
    `another source declares ${count(victims)} but can't take over now (suspended, pinned, apply: false, failing, or its hand-over isn't confirmed)`,
  )
  return found && { ...found, held: [], releasable: false }
}

function siblingUnknown(input: RemovalGuard, retires: readonly Retire[]): Reason | null {
  if (!input.siblingUnknown) return null
  const found = reason(
    "sibling-unknown",
    retires,
    `another source of the workspace hasn't been read yet; it may declare ${count(retires)}`,
  )
  return found && { ...found, releasable: false }
}

/**
 * A renamed deployment whose old name isn't removed now must not run under both names. Each such orphan holds back at
 * most one create: the one that matches it best.
 */
function runningTwice({ plan }: RemovalGuard, reasons: readonly (Reason | null)[]): Reason | null {
  const held = new Set(reasons.flatMap((one) => one?.held ?? []))
  const staying = plan.changes.filter((change) => runsOn(change, held))
  const free = new Set(plan.changes.filter((change): change is Create => change.action === "create"))
  const pairs = staying.flatMap((orphan) => {
    const twin = bestTwin(orphan.live, free)
    if (twin) free.delete(twin)
    return twin ? [{ orphan, twin }] : []
  })
  if (pairs.length === 0) return null
  const names = pairs.map(({ orphan, twin }) => `${twin.key} would run beside ${orphan.key}`).slice(0, 5)
  const message = `${names.join("; ")}, whose removal waits`
  const victims = pairs.map(({ orphan }) => orphan)
  return { code: "would-run-twice", message, victims, held: pairs.map(({ twin }) => twin), releasable: true }
}

const stayingCodes = new Set(["removal-off", "orphan-unsure", "claimed-by"])

function runsOn(change: Change, held: ReadonlySet<Change>): change is Change & { live: LiveDeployment } {
  const stays =
    change.action === "retire" ? held.has(change) : change.action === "skip" && stayingCodes.has(change.code)
  const live = "live" in change ? change.live : null
  return stays && live !== null && startsByItself(live)
}

/** A pause stops its schedules only. */
function startsByItself({ fields: { paused, schedules, automations } }: LiveDeployment): boolean {
  const triggered = (automations ?? []).some((one) => one.enabled && isMarked(one))
  return triggered || (!paused && schedules.some(({ active }) => active))
}

function bestTwin(orphan: LiveDeployment, creates: ReadonlySet<Create>): Create | null {
  const scored = [...creates]
    .map((create) => ({ create, score: likeness(orphan, create.desired) }))
    .filter(({ score }) => score > 0)
  return scored.toSorted((a, b) => b.score - a.score)[0]?.create ?? null
}

function reason(code: string, victims: readonly Change[], message: string): Reason | null {
  return victims.length === 0 ? null : { code, message, victims, held: victims, releasable: true }
}

function count(things: readonly unknown[]): string {
  return howMany(things.length)
}
