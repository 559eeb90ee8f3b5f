import { isRetired, readPruneTag, type Owner } from "./mark.ts"
import type { DeploymentKey, LiveDeployment, Snapshot } from "./model.ts"
import { ownedBy } from "./owned.ts"
import type { Sibling } from "./plan-input.ts"
import { isSourceChanged } from "./record.ts"
import type { Source } from "./source.ts"

/**
 * A source that is about to lose deployments. Whether it retires them or another source takes them over is one to it, so
 * the same guards count all that leave together.
 */
export interface Leaver {
  readonly source: Source
  /** Deployments that Git declares, problems included. */
  readonly declared: number
  /** Owned by this source now: retired ones included. */
  readonly owned: readonly LiveDeployment[]
  /** url, ref, selection or workspace aren't what the record says: what is missing may just be elsewhere. */
  readonly sourceChanged: boolean
}

/** Why so many can't leave a source without a person's word; null = they can. In the order in which a hold names them. */
export const leaveGuards = {
  decommission: ({ source }, leaving) =>
    source.decommission ? `decommission: true retires all that this source owns (${howMany(leaving)})` : null,
  // Nothing at all is more often an accident (a moved folder, a wrong glob) than a wish.
  empty: ({ declared, source }, leaving) =>
    declared === 0 && !source.decommission
      ? `Git declares no deployment at all any more, and ${howMany(leaving)} would go`
      : null,
  "source-changed": ({ sourceChanged }, leaving) =>
    sourceChanged
      ? `${howMany(leaving)} would go, but url, ref, selection or workspace of the source changed, or the commit that was last applied can't be read any more: they may just be elsewhere`
      : null,
  budget: overBudget,
} as const satisfies Record<string, (from: Leaver, leaving: number) => string | null>

export type LeaveCode = keyof typeof leaveGuards
export const leaveCodes = Object.keys(leaveGuards) as readonly LeaveCode[]

function overBudget({ source, owned }: Leaver, leaving: number): string | null {
  const { mode, max, maxPercent, ceiling } = source.policy.prune
  const limit = mode === "confirm" ? 0 : Math.min(ceiling, Math.max(max, Math.floor((owned.length * maxPercent) / 100)))
  const retired = owned.filter((live) => isRetired(live)).length
  if (retired + leaving <= limit) return null
  return mode === "confirm"
    ? `${howMany(leaving)} would go, and prune.mode is confirm`
    : `${howMany(leaving)} would go beside ${retired} in their grace, and the budget is ${limit} of ${owned.length}`
}

/** Another source seen as one that loses deployments: `taken` here, and what its Git no longer has beside them. */
export function leaverOf(
  { source, declares, record, letGo }: Sibling,
  {
    owner,
    taken,
    snapshot,
  }: { readonly owner: Owner; readonly taken: ReadonlySet<DeploymentKey>; readonly snapshot: Snapshot },
): Leaver & { readonly leaving: ReadonlySet<DeploymentKey> } {
  const owned = ownedBy(owner, snapshot)
  // What a person opted out of removal stays where it is, unless it is taken.
  const goes = (live: LiveDeployment): boolean => taken.has(live.key) || readPruneTag(live.allTags) !== "never"
  const leaving = owned.filter((live) => !declares.has(live.key) && goes(live) && isLeaving(live, letGo))
  const sourceChanged = isSourceChanged(record, source, owned.length)
  return { source, declared: declares.size, owned, sourceChanged, leaving: new Set(leaving.map(({ key }) => key)) }
}

/** What is retired has been decided about before, and so has what a person let go. */
export function isLeaving(live: LiveDeployment, letGo: ReadonlySet<DeploymentKey>): boolean {
  return !isRetired(live) && !letGo.has(live.key)
}

export function howMany(count: number): string {
  return `${count} deployment${count === 1 ? "" : "s"}`
}
