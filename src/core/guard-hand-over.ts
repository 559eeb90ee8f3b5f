import type { Change, Plan } from "./change.ts"
import type { Reason } from "./guard-removal.ts"
import { howMany, leaveCodes, leaveGuards, type Leaver } from "./leaving.ts"
import type { DeploymentKey, SourceName } from "./model.ts"

/** What the guard must know before it lets a source take over from others. */
export interface HandOverGuard {
  readonly plan: Plan
  /** The sources that would lose something that isn't retired yet, and how much leaves them in all. */
  readonly leavers: ReadonlyMap<SourceName, Leaving>
}

/** What leaves a source, taken here or not; what a person let go there isn't asked about again. */
type Leaving = Leaver & { readonly leaving: ReadonlySet<DeploymentKey> }

type Adoption = Extract<Change, { action: "update" | "adopt" | "restore" }>

/** Taking over is a removal of the former owner: its guards come first, then the taker's own person. */
export function handOverReasons({ plan, leavers }: HandOverGuard): readonly Reason[] {
  const taken = plan.changes.filter((change): change is Adoption => "former" in change && change.former !== null)
  const refused = [...leavers.values()].flatMap((from) => refusals(from, taken))
  const kept = new Set(refused.flatMap(({ held }) => held))
  const asked = taken.filter((change) => !kept.has(change) && change.former?.freely === false)
  return asked.length === 0 ? refused : [...refused, question(asked)]
}

/** Only a confirmation on the former owner lets these go. */
function refusals(from: Leaving, taken: readonly Adoption[]): readonly Reason[] {
  const { name } = from.source
  const victims = taken.filter(({ key, former }) => former?.owner.source === name && from.leaving.has(key))
  if (victims.length === 0) return []
  return leaveCodes.flatMap((code): readonly Reason[] => {
    const why = leaveGuards[code](from, from.leaving.size)
    if (why === null) return []
    const message = `source ${name} owns ${howMany(victims.length)} that Git has here now: ${why}`
    const ending = `confirm it on the source that loses them: lockstep status ${name}`
    return [{ code, message, victims, held: victims, releasable: false, ending }]
  })
}

function question(asked: readonly Adoption[]): Reason {
  const names = [...new Set(asked.map(({ former }) => former?.owner.source ?? ""))].toSorted()
  const message =
    `${howMany(asked.length)} would be taken over from ${names.slice(0, 5).join(", ")}, of another repository or ref: ` +
    `confirm, or set handOverFrom: [${names.slice(0, 5).join(", ")}]`
  return { code: "hand-over", message, victims: asked, held: asked, releasable: true }
}
