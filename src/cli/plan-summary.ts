import type { Action, Plan } from "../core/change.ts"
import type { DeploymentKey } from "../core/model.ts"
import type { Hold } from "../core/outcome.ts"
import { counted } from "./problem-text.ts"

/** What waits for a person's word. */
export interface Held {
  readonly hold?: Hold | null
  /** Keys of the changes that the hold keeps back; without it those of its victims. */
  readonly held?: ReadonlySet<DeploymentKey>
}
export type Planned = { readonly plan: Plan } & Held

const words: readonly (readonly [Action, string])[] = [
  ["create", "to create"],
  ["update", "to update"],
  ["adopt", "to adopt"],
  ["restore", "to restore"],
  ["retire", "to retire"],
  ["prune", "to delete"],
]

/** `Plan: 2 to create, 1 to update, 5 unchanged, 1 problem.` */
export function summaryOf(planned: readonly Planned[]): string {
  const counts = countActions(planned.map(({ plan }) => plan))
  const todo = words.flatMap(([action, word]) => (counts[action] > 0 ? [`${counts[action]} ${word}`] : []))
  const held = planned.reduce((sum, one) => sum + heldCount(one), 0)
  const problems = planned.reduce((sum, { plan }) => sum + plan.problems.length, 0)
  const all = todo.length > 0 ? todo.join(", ") : "nothing to do"
  const parts = [
    held > 0 ? `${all} (${held} held)` : all,
    ...(counts.skip > 0 ? [`${counts.skip} skipped`] : []),
    ...(counts.keep > 0 ? [`${counts.keep} unchanged`] : []),
    ...(problems > 0 ? [counted(problems, "problem")] : []),
  ]
  return `Plan: ${parts.join(", ")}.`
}

function countActions(plans: readonly Plan[]): Readonly<Record<Action, number>> {
  const counts = { create: 0, update: 0, adopt: 0, retire: 0, restore: 0, prune: 0, keep: 0, skip: 0 }
  for (const { action } of plans.flatMap(({ changes }) => changes)) counts[action]++
  return counts
}

/** Whether applying the plan would write anything, held or not. */
export function hasChanges({ changes }: Plan): boolean {
  return changes.some(({ action }) => action !== "keep" && action !== "skip")
}

/** The changes that a hold keeps back. */
export function heldKeys({ hold, held }: Held): ReadonlySet<DeploymentKey> {
  return held ?? new Set(hold?.victims.map(({ key }) => key))
}

function heldCount({ plan, ...options }: Planned): number {
  const held = heldKeys(options)
  return plan.changes.filter(({ action, key }) => action !== "keep" && action !== "skip" && held.has(key)).length
}
