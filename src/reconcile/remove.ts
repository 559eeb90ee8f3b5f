import { isMarked, planRetirement, planReturn, strangers } from "../core/automation.ts"
import type { Change } from "../core/change.ts"
import { fields } from "../core/fields.ts"
import {
  bearsLetter,
  isRetired,
  prunePrefix,
  pruneTag,
  readMark,
  readPruneTag,
  sameOwner,
  type Owner,
} from "../core/mark.ts"
import type { AutomationWrite, DeploymentId, LiveAutomation, LiveDeployment } from "../core/model.ts"
import { readingOf, type Clock } from "../lib/clock.ts"
import { PrefectError } from "../lib/errors.ts"
import { Fence, type Ask, type Ground } from "../lib/fence.ts"
import { changedMeanwhile, done, dropped, isAsExpected, type Applied } from "./applied.ts"
import { writeAutomations } from "./automations.ts"
import type { WorkspacePort } from "./ports.ts"

/** What a removal works with. */
export interface Hands {
  readonly port: WorkspacePort
  readonly clock: Clock
  readonly owner: Owner
  /** The source's record: whether the source is still ours to write. */
  readonly record: () => Ground
}

/** A fence before the writes of one change: whose the source is, and whether the resource still is as `ask` says. */
export function fenceOn({ clock, record }: Hands, signal: AbortSignal, ask: Ask): Fence {
  return new Fence(clock, signal, [record(), { ask, read: readingOf(clock) }])
}

type Retire = Extract<Change, { action: "retire" }>
type Prune = Extract<Change, { action: "prune" }>

/** Pauses an orphan and marks it for removal, in one write; what it was before is kept in the tag. */
export async function retire(hands: Hands, change: Retire, signal: AbortSignal): Promise<Applied> {
  const { port, clock } = hands
  const fence = fenceOn(hands, signal, whyNotNow(hands, change))
  const live = await port.read(change.live.id, signal)
  if (!live) return { ...dropped(change, goneAlready), live: null }
  const obstacle = whyNot(hands, live, change.live)
  if (obstacle !== null) return { ...dropped(change, obstacle), live }
  // First what starts runs without a schedule: should this stop half-way, the deployment is retired anew.
  await writeOurs(port, live, planRetirement, fence.signal)
  const tag = pruneTag(live.fields.paused ? "pending-paused" : "pending")
  const tags = [...live.allTags.filter((other) => !other.startsWith(prunePrefix)), tag]
  await port.patch(live.id, { fields: { paused: true }, tags }, fence.signal)
  return { ...done(change, live.id, clock), live: await port.read(live.id, signal) }
}

/** Writes a person's veto down: the grace is over for good, and it shows on the resource who wants to keep it. */
export async function veto(hands: Hands, change: Retire, signal: AbortSignal): Promise<Applied> {
  const { port, clock } = hands
  const fence = fenceOn(hands, signal, whyNotNow(hands, change))
  const live = await port.read(change.live.id, signal)
  if (!live) return { ...dropped(change, goneAlready), live: null }
  const obstacle = live.fields.paused || !isRetired(live) ? "nothing to veto" : whyNot(hands, live, change.live)
  if (obstacle !== null) return { ...dropped(change, obstacle), live }
  // First what starts runs without a schedule: should this stop half-way, the veto is written down anew.
  await writeOurs(port, live, planReturn, fence.signal)
  const since = await port.runsDueSince(live.id, signal)
  const tags = [...live.allTags.filter((tag) => !tag.startsWith(prunePrefix)), pruneTag("vetoed")]
  await port.patch(live.id, { fields: {}, tags }, fence.signal)
  // The write took its scheduled runs away, and this one is meant to run.
  if (live.fields.schedules.some(({ active }) => active)) await port.reschedule(live.id, since, signal)
  return { ...done(change, live.id, clock), live: await port.read(live.id, signal) }
}

/** Deletes what was retired, after asking once more for everything that could forbid it. */
export async function prune(hands: Hands, change: Prune, signal: AbortSignal): Promise<Applied> {
  const { port, clock, owner } = hands
  let isDetached = false
  // Once it is gone only its runs are left to be removed.
  const { signal: fenced } = fenceOn(hands, signal, async (signal) => {
    const now = await port.read(change.live.id, signal)
    if (!now) return null
    // Detaching its limit has moved what it is compared by.
    return (isDetached ? whyForeign(owner, now) : whyNot(hands, now, change.live)) ?? whyNotGone(now)
  })
  const live = await port.read(change.live.id, signal)
  if (!live) return { ...done(change, change.live.id, clock), live: null }
  const automations = await port.automations.read(live, signal)
  const used = whyNot(hands, live, change.live) ?? whyNotGone(live) ?? whyStarted(change, automations)
  const obstacle = used ?? (await whyRunning(hands, change, signal))
  if (obstacle !== null) return { ...dropped(change, obstacle), live }
  // Prefect deletes an attached limit with the deployment, also one that others use.
  if (live.sharedLimit !== null) {
    await port.detachLimit(live.id, fenced)
    isDetached = true
  }
  // Prefect leaves automations behind, and each start of a deployment that is gone fails.
  for (const { id } of automations.filter((one) => isMarked(one))) await port.automations.remove(id, fenced)
  // Prefect leaves runs that wait for a slot behind. Should this stop half-way, nobody looks for them afterwards, so they
  // go first; it is paused, so none are added but by hand or in this very moment.
  await port.removeScheduledRuns(live.id, fenced)
  await removeSurely(port, live.id, fenced)
  await port.removeScheduledRuns(live.id, fenced)
  return { ...done(change, live.id, clock), live: null }
}

const goneAlready = "it is gone already"

function whyNotNow(hands: Hands, { live }: Retire): Ask {
  return async (signal) => {
    const now = await hands.port.read(live.id, signal)
    return now ? whyNot(hands, now, live) : goneAlready
  }
}

/** Whether the freshly read resource is still the one that was decided about, and ours to remove. */
function whyNot({ owner }: Pick<Hands, "owner">, live: LiveDeployment, expected: LiveDeployment): string | null {
  if (!isAsExpected(live, expected)) return changedMeanwhile
  return whyForeign(owner, live)
}

function whyForeign(owner: Owner, live: LiveDeployment): string | null {
  const mark = readMark(live.allTags, live.key)
  if (mark.kind !== "owned" || !sameOwner(mark.owner, owner)) return "it isn't ours any more"
  return readPruneTag(live.allTags) === "never" ? "gitops-prune=never keeps it" : null
}

function whyNotGone(live: LiveDeployment): string | null {
  return isRetired(live) && live.fields.paused ? null : "it isn't retired any more"
}

/** What a person knew when they let it go is no news; anything beyond that is decided about anew. */
async function whyRunning({ port }: Hands, { live, obstacles }: Prune, signal: AbortSignal): Promise<string | null> {
  const { active, manual } = await port.runs(live.id, signal)
  if (active > (obstacles?.activeRuns ?? 0)) return "a run has just started"
  return manual > (obstacles?.manualRuns ?? 0) ? "somebody has just scheduled a run" : null
}

function whyStarted({ obstacles }: Prune, automations: readonly LiveAutomation[]): string | null {
  const known = obstacles?.automations.length ?? 0
  return strangers(automations).length > known ? "an automation acts on it by now" : null
}

/** Reads its automations, writes what is planned of them, and reads them back. */
async function writeOurs(
  port: WorkspacePort,
  live: LiveDeployment,
  plan: (live: readonly LiveAutomation[]) => readonly AutomationWrite[],
  signal: AbortSignal,
): Promise<void> {
  // The letter stands as long as one of ours may be there, whatever was read of them.
  if (!bearsLetter(live.allTags, fields.automations.letter)) return
  const refusal = await writeAutomations(port, live.id, plan(await port.automations.read(live, signal)), signal)
  if (refusal) throw refusal.error
  await port.automations.read(live, signal)
}

/** Should the answer get lost, runs that came in between must be looked for all the same. */
async function removeSurely(port: WorkspacePort, id: DeploymentId, signal: AbortSignal): Promise<void> {
  try {
    await port.remove(id, signal)
  } catch (error) {
    if (!(error instanceof PrefectError) || error.code !== "answer-lost") throw error
    if ((await port.read(id, signal)) !== null) throw error
  }
}
