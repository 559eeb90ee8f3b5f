import type { Change } from "../core/change.ts"
import { pruneTag, readMark, readPruneTag, sameOwner, type Owner } from "../core/mark.ts"
import type { LiveDeployment } from "../core/model.ts"
import { isRetired } from "../core/plan.ts"
import type { Clock } from "../lib/clock.ts"
import { done, dropped, isAsExpected, type Applied } from "./applied.ts"
import type { WorkspacePort } from "./ports.ts"

/** What a removal works with. */
export interface Hands {
  readonly port: WorkspacePort
  readonly clock: Clock
  readonly owner: Owner
}

type Retire = Extract<Change, { action: "retire" }>
type Prune = Extract<Change, { action: "prune" }>

/** Pauses an orphan and marks it for removal, in one write; what it was before is kept in the tag. */
export async function retire(hands: Hands, change: Retire, signal: AbortSignal): Promise<Applied> {
  const { port, clock } = hands
  const live = await port.read(change.live.id, signal)
  if (!live) return { ...dropped(change, "it is gone already"), live: null }
  const obstacle = whyNot(hands, live, change.live)
  if (obstacle !== null) return { ...dropped(change, obstacle), live }
  const tag = pruneTag(live.fields.paused ? "pending-paused" : "pending")
  const tags = [...live.allTags.filter((other) => !other.startsWith("gitops-prune=")), tag]
  await port.patch(live.id, { fields: { paused: true }, tags }, signal)
  return { ...done(change, live.id, clock), live: await port.read(live.id, signal) }
}

/** Deletes what was retired, after asking once more for everything that could forbid it. */
export async function prune(hands: Hands, change: Prune, signal: AbortSignal): Promise<Applied> {
  const { port, clock } = hands
  const live = await port.read(change.live.id, signal)
  if (!live) return { ...done(change, change.live.id, clock), live: null }
  const obstacle = whyNot(hands, live, change.live) ?? whyNotGone(live) ?? (await whyRunning(hands, change, signal))
  if (obstacle !== null) return { ...dropped(change, obstacle), live }
  // Prefect deletes an attached limit with the deployment, also one that others use.
  if (live.sharedLimit !== null) await port.detachLimit(live.id, signal)
  await port.remove(live.id, signal)
  await port.removeLeftoverRuns(live.id, signal)
  return { ...done(change, live.id, clock), live: null }
}

/** Whether the freshly read resource is still the one that was decided about, and ours to remove. */
function whyNot({ owner }: Hands, live: LiveDeployment, expected: LiveDeployment): string | null {
  if (!isAsExpected(live, expected)) return "it changed since it was looked at"
  const mark = readMark(live.allTags, live.key)
  if (mark.kind !== "owned" || !sameOwner(mark.owner, owner)) return "it isn't ours any more"
  return readPruneTag(live.allTags) === "never" ? "gitops-prune=never keeps it" : null
}

function whyNotGone(live: LiveDeployment): string | null {
  return isRetired(live) && live.fields.paused ? null : "it isn't retired any more"
}

async function whyRunning({ port }: Hands, change: Prune, signal: AbortSignal): Promise<string | null> {
  const { active } = await port.runs(change.live.id, signal)
  return active > (change.obstacles?.activeRuns ?? 0) ? "a run has just started" : null
}
