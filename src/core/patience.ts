import { reasons, type ChangeResult } from "./change.ts"
import { digestOf } from "./digest.ts"
import { fieldNames, fieldOf, fieldTitle } from "./fields.ts"
import type { Desired, DesiredDeployment, DeploymentKey, FieldName, Problem } from "./model.ts"
import { problemOf } from "./problems.ts"

/**
 * What a workspace has taught us not to try again and again: a refused write, a field that differs right after it was
 * written, a field that somebody else keeps writing. A value, kept in memory only: after a restart it is learned anew.
 */
export interface Patience {
  readonly refusals: ReadonlyMap<string, Refusal>
  readonly fields: ReadonlyMap<string, FieldPatience>
}
/** Of a whole deployment, or of one field of it. */
interface Refusal {
  readonly desired: string
  readonly tries: number
  readonly untilMs: number
  readonly problem: Problem
}
interface FieldPatience {
  readonly key: DeploymentKey
  readonly field: FieldName
  readonly desired: string
  /** The field still differed after a successful write. */
  readonly unconvergeable: boolean
  /** When the field was corrected, newest last. */
  readonly corrections: readonly number[]
}

export const noPatience: Patience = { refusals: new Map(), fields: new Map() }

const refusalBaseMs = 60_000
const refusalCapMs = 3_600_000
const correctionsMax = 3
const correctionsWindowMs = 3_600_000
const sameFieldMax = 3
const entriesMax = 20_000
type Part = FieldName | "*"
const wholeAndParts: readonly Part[] = ["*", ...fieldNames]

/** Fields ("*" = the whole deployment) to leave alone now, with the reason for people. */
export function patienceFor(
  patience: Patience,
  desired: Desired,
  nowMs: number,
): ReadonlyMap<DeploymentKey, ReadonlyMap<FieldName | "*", Problem>> {
  const everywhere = stubbornFields(patience, desired)
  const found = new Map<DeploymentKey, Map<FieldName | "*", Problem>>()
  const leave = (key: DeploymentKey, what: FieldName | "*", problem: Problem | null): void => {
    const known = found.get(key) ?? new Map<FieldName | "*", Problem>()
    if (problem) found.set(key, known.set(what, problem))
  }
  for (const deployment of desired.deployments.values()) {
    const { key } = deployment
    for (const what of wholeAndParts) {
      const refusal = patience.refusals.get(slot(key, what))
      if (refusal && isWaiting(refusal, deployment, what, nowMs)) leave(key, what, refusal.problem)
    }
    for (const name of fieldNames) {
      const known = patience.fields.get(slot(key, name))
      const reason = known ? reasonToWait(known, deployment, nowMs) : null
      if (reason) leave(key, name, reason)
      else if (everywhere.has(name))
        leave(key, name, stubborn(key, "it didn't take on three deployments of this workspace"))
    }
  }
  return found
}

/** What the results of a turn teach. `stillDiffers` names the fields that a successful write didn't change. */
export function learn(
  patience: Patience,
  result: ChangeResult,
  stillDiffers: readonly FieldName[],
  nowMs: number,
): Patience {
  return {
    refusals: learnRefusal(patience.refusals, result, nowMs),
    fields: learnFields(patience.fields, result, stillDiffers, nowMs),
  }
}

function learnRefusal(before: Patience["refusals"], result: ChangeResult, nowMs: number): Patience["refusals"] {
  const { change } = result
  if (!("desired" in change)) return before
  const refusals = new Map(before)
  for (const what of result.result === "done" ? wholeAndParts : []) {
    const known = before.get(slot(change.key, what))
    // A field that is left alone for now wasn't part of the write, so its success says nothing about it.
    const untouched = known && what !== "*" && isWaiting(known, change.desired, what, nowMs)
    if (!untouched) refusals.delete(slot(change.key, what))
  }
  if (result.result === "failed" && !result.transient) {
    const what = result.field ?? "*"
    const known = before.get(slot(change.key, what))
    const desired = digestOfPart(change.desired, what)
    const tries = known?.desired === desired ? known.tries + 1 : 1
    const untilMs = nowMs + Math.min(refusalCapMs, refusalBaseMs * 2 ** (tries - 1))
    refusals.set(slot(change.key, what), { desired, tries, untilMs, problem: result.problem })
  }
  return newest(refusals)
}

function isWaiting(refusal: Refusal, deployment: DesiredDeployment, what: Part, nowMs: number): boolean {
  return refusal.untilMs > nowMs && refusal.desired === digestOfPart(deployment, what)
}

function learnFields(
  before: Patience["fields"],
  { change, result }: ChangeResult,
  stillDiffers: readonly FieldName[],
  nowMs: number,
): Patience["fields"] {
  if (result !== "done" || !("diffs" in change) || !("desired" in change)) return before
  const learned = new Map(before)
  const corrected = change.action === "update" && change.reason === reasons.edited
  for (const field of new Set(change.diffs.map((diff) => diff.field))) {
    const known = learned.get(slot(change.key, field))
    const desired = fieldDigest(change.desired, field)
    const same = known?.desired === desired ? known.corrections : []
    const corrections = corrected ? [...same, nowMs].slice(-correctionsMax) : same
    const unconvergeable = stillDiffers.includes(field)
    if (corrections.length === 0 && !unconvergeable) learned.delete(slot(change.key, field))
    else learned.set(slot(change.key, field), { key: change.key, field, desired, unconvergeable, corrections })
  }
  return newest(learned)
}

function reasonToWait(known: FieldPatience, deployment: DesiredDeployment, nowMs: number): Problem | null {
  if (known.desired !== fieldDigest(deployment, known.field)) return null
  if (known.unconvergeable)
    return stubborn(known.key, "it still differs right after a successful write; change it in Git to try again")
  const recent = known.corrections.filter((at) => nowMs - at < correctionsWindowMs)
  if (recent.length < correctionsMax) return null
  const message = `${fieldTitle(known.field)} was corrected ${recent.length} times within an hour: something else writes it too (a CI job that runs prefect deploy?); stop it, or add the field to ignore`
  return problemOf("another-writer", message, known.key)
}

/** What Git says otherwise now no longer counts: else a field that is held everywhere could never be tried again. */
function stubbornFields(patience: Patience, { deployments }: Desired): ReadonlySet<FieldName> {
  const counts = new Map<FieldName, number>()
  for (const { key, field, desired, unconvergeable } of patience.fields.values()) {
    const now = deployments.get(key)
    if (!unconvergeable || (now && fieldDigest(now, field) !== desired)) continue
    counts.set(field, (counts.get(field) ?? 0) + 1)
  }
  return new Set([...counts].filter(([, count]) => count >= sameFieldMax).map(([field]) => field))
}

function stubborn(key: DeploymentKey, message: string): Problem | null {
  return problemOf("unconvergeable", message, key)
}

/** What Git says about one deployment, as one text: equal as long as Git says the same. */
export function deploymentDigest(deployment: DesiredDeployment): string {
  const known = digests.get(deployment)
  if (known !== undefined) return known
  const digest = digestOf(fieldNames.map((name) => fieldDigest(deployment, name)))
  digests.set(deployment, digest)
  return digest
}

/** What was bound once is asked for again in each turn. */
const digests = new WeakMap<DesiredDeployment, string>()

function fieldDigest(deployment: DesiredDeployment, name: FieldName): string {
  const value = deployment.fields[name]
  const canonical = "value" in value ? fieldOf(name).canonical(value.value) : null
  return digestOf([value.kind, canonical])
}

function digestOfPart(deployment: DesiredDeployment, what: Part): string {
  return what === "*" ? deploymentDigest(deployment) : fieldDigest(deployment, what)
}

function slot(key: DeploymentKey, field: Part): string {
  return `${key}\n${field}`
}

/** Bounded: the oldest entries go first. */
function newest<K, V>(entries: Map<K, V>): ReadonlyMap<K, V> {
  return entries.size <= entriesMax ? entries : new Map([...entries].slice(-entriesMax))
}
