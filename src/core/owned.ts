import { ownerPrefix, ownerTag, owns, type Owner } from "./mark.ts"
import type { LiveDeployment, Snapshot } from "./model.ts"

/**
 * The deployments of one owner. Each listing is sorted by owner once, for all sources: to look through everything in each
 * turn of each source would cost the square of their number.
 */
export function ownedBy(owner: Owner, { deployments }: Pick<Snapshot, "deployments">): readonly LiveDeployment[] {
  const index = sorted.get(deployments) ?? sort(deployments)
  return (index.get(ownerTag(owner)) ?? []).filter((live) => owns(owner, live))
}

const sorted = new WeakMap<Snapshot["deployments"], ReadonlyMap<string, readonly LiveDeployment[]>>()

function sort(deployments: Snapshot["deployments"]): ReadonlyMap<string, readonly LiveDeployment[]> {
  const index = new Map<string, LiveDeployment[]>()
  for (const live of deployments.values()) {
    for (const tag of live.allTags) {
      if (!tag.startsWith(ownerPrefix)) continue
      const own = index.get(tag)
      if (own) own.push(live)
      else index.set(tag, [live])
    }
  }
  sorted.set(deployments, index)
  return index
}
