import type { Plan } from "../core/change.ts"
import type { HandOverGuard } from "../core/guard-hand-over.ts"
import { leaverOf } from "../core/leaving.ts"
import { ownerTag, readMark, type Owner } from "../core/mark.ts"
import type { Desired, Snapshot, SourceName } from "../core/model.ts"
import type { PlanInput } from "../core/plan-input.ts"
import { parseRecord, recordName, type SourceRecord } from "../core/record.ts"
import type { Eyes } from "./eyes.ts"

/**
 * The records of owners that this config doesn't have, and whose marks stand on what Git declares here: whether they
 * were released, and who they are. One request, and none where there is no such mark.
 */
export async function readOwners(
  { installation, port }: Pick<Eyes, "installation" | "port">,
  { desired, snapshot, known }: { readonly desired: Desired; readonly snapshot: Snapshot; readonly known: IsKnown },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SourceRecord | null>> {
  const owners = new Map<string, Owner>()
  for (const key of desired.deployments.keys()) {
    const live = snapshot.deployments.get(key)
    if (!live || owners.size >= ownersMax) continue
    const mark = readMark(live.allTags, key)
    if (mark.kind !== "owned" || (mark.owner.installation === installation && known(mark.owner.source))) continue
    owners.set(ownerTag(mark.owner), mark.owner)
  }
  if (owners.size === 0) return new Map()
  const names = new Map([...owners].map(([tag, owner]) => [tag, recordName(owner)]))
  const values = await port.variables(new Set(names.values()), signal)
  return new Map([...names].map(([tag, name]) => [tag, parseRecord(values.get(name))]))
}

type IsKnown = (source: SourceName) => boolean

/** The marks are other people's text, so how many of them are asked about has a bound; the others stay conflicts. */
const ownersMax = 200

/** The sources that lose by a plan what they haven't retired, with all that leaves them. */
export function leaversIn(
  { changes }: Plan,
  { installation, siblings, snapshot }: Pick<PlanInput, "installation" | "siblings" | "snapshot">,
): HandOverGuard["leavers"] {
  const lost = changes.filter((change) => "former" in change && change.former?.leaves)
  const byOwner = Map.groupBy(lost, (change) => ("former" in change ? change.former?.owner.source : undefined))
  return new Map(
    [...byOwner].flatMap(([name, taken]) => {
      const sibling = name && siblings.get(name)
      if (!sibling) return []
      const keys = new Set(taken.map(({ key }) => key))
      return [[name, leaverOf(sibling, { owner: { installation, source: name }, taken: keys, snapshot })] as const]
    }),
  )
}
