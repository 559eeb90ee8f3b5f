import { reasons, type Change } from "./change.ts"
import { fieldTitle } from "./fields.ts"
import { owns } from "./mark.ts"
import type { DesiredDeployment, Problem, Snapshot } from "./model.ts"
import { newerFields } from "./newer.ts"
import { ownerOf, strangersOf, type PlanInput } from "./plan-input.ts"
import { problemOf, type ProblemCode } from "./problems.ts"

/** What people must know about a decision, at the place in Git that it came from. */
export function problemsOf(input: PlanInput, change: Change): readonly Problem[] {
  const desired = input.desired.deployments.get(change.key)
  const skipped =
    change.action === "skip" && !isTold(input, change)
      ? problemOf(change.code as ProblemCode, change.message, change.key)
      : null
  const waiting = [...(input.patience.get(change.key) ?? [])].flatMap(([name, problem]) =>
    name === "*" ? [] : [{ ...problem, message: `${fieldTitle(name)}: ${problem.message}` }],
  )
  const triggers = desired && triggerProblem(input, change, desired)
  const newer = desired ? newerFields(desired.fields, input.snapshot.server) : []
  const found = [
    skipped,
    newQueue(change, desired, input.snapshot),
    sharedLimit(change, desired),
    otherWriter(change),
    triggers ?? null,
    ...newer.map(({ code, message }) => problemOf(code, message, change.key)),
    ...waiting,
  ].filter((problem) => problem !== null)
  return found.map((problem) => ({ ...problem, ...desired?.at }))
}

/** Reading the manifest has found the very same. */
function isTold({ desired }: PlanInput, { key, code }: Change & { action: "skip" }): boolean {
  return desired.problems.some((problem) => problem.key === key && problem.code === code)
}

/** `prefect deploy` over one of ours leaves it without our tags. */
function otherWriter(change: Change): Problem | null {
  if (change.action !== "adopt" || change.reason !== reasons.markRemoved) return null
  const message =
    "it has no mark any more, so Lockstep didn't write it last: a `prefect deploy`, or somebody in the UI; stop that"
  return problemOf("another-writer", message, change.key)
}

/** A queue comes to be when it is first named, as with `prefect deploy`; of a misspelt one nobody would hear. */
function newQueue(change: Change, desired: DesiredDeployment | undefined, { workPools }: Snapshot): Problem | null {
  if (!desired || (change.action !== "create" && !("write" in change))) return null
  const { workPool, workQueue } = desired.fields
  const pool = "value" in workPool && workPool.value !== null ? workPools.get(workPool.value) : undefined
  if (!pool || !("value" in workQueue) || workQueue.value === null || pool.queues.has(workQueue.value)) return null
  const message = `work pool "${pool.name}" has no queue "${workQueue.value}" yet: Prefect makes it with this write`
  return problemOf("work-queue-not-found", message, change.key)
}

function sharedLimit(change: Change, desired: DesiredDeployment | undefined): Problem | null {
  const name = "live" in change ? change.live?.sharedLimit : null
  if (!name || !desired || !("value" in desired.fields.concurrencyLimit)) return null
  const message = `the shared concurrency limit "${name}" is attached, so concurrency_limit isn't written`
  return problemOf("shared-limit-attached", message, change.key)
}

function triggerProblem(input: PlanInput, change: Change, desired: DesiredDeployment): Problem | null {
  const { automations } = desired.fields
  if (!("value" in automations) || automations.value.length === 0) return null
  if (input.snapshot.automations === "unsupported") return null
  const live = "live" in change ? change.live : null
  const [stranger] = live && owns(ownerOf(input), live) ? strangersOf(input, desired, live) : []
  if (!stranger) return null
  const message = `the automation "${stranger.name}" is nobody's and adopt: ${input.source.policy.adopt} leaves it: delete it, rename the trigger, or set adopt: unowned`
  return problemOf("not-adopted", message, change.key)
}
