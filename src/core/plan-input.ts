import { strangersToLeave } from "./automation.ts"
import type { Owner } from "./mark.ts"
import type {
  Desired,
  DesiredDeployment,
  DeploymentKey,
  FieldName,
  LiveAutomation,
  LiveDeployment,
  Problem,
  Snapshot,
  SourceName,
} from "./model.ts"
import type { SourceRecord } from "./record.ts"
import type { RemovalFacts } from "./removal.ts"
import type { Source } from "./source.ts"

/** Everything that a plan depends on, as values: the same input gives the same plan, in whatever order it came. */
export interface PlanInput {
  readonly installation: string
  readonly source: Source
  readonly desired: Desired
  readonly snapshot: Snapshot
  /** The other configured sources of this workspace. */
  readonly siblings: ReadonlyMap<SourceName, Sibling>
  /** Records of the owners that declared deployments bear and this config doesn't have, by owner tag. */
  readonly records: ReadonlyMap<string, SourceRecord | null>
  /** Keys whose desired state is what it was at the last write, so a difference was made in Prefect. */
  readonly unchangedInGit: (key: DeploymentKey) => boolean
  /** Fields ("*" = all) that are left alone for now, with the reason: `core/patience.ts`. */
  readonly patience: ReadonlyMap<DeploymentKey, ReadonlyMap<FieldName | "*", Problem>>
  readonly removal: RemovalFacts
}

/** What another source declares, as it was last read. */
export interface Sibling {
  readonly source: Source
  /** Problem entries included: what is declared badly is declared all the same. */
  readonly declares: ReadonlySet<DeploymentKey>
  /** false when it was never read, or not wholly. */
  readonly complete: boolean
  /** Whether it could take something over now: it isn't suspended, failing, or forbidden to write. */
  readonly canTake: boolean
  readonly record: SourceRecord | null
  /** What a person let go there: others may take it. */
  readonly letGo: ReadonlySet<DeploymentKey>
}

export function ownerOf({ installation, source }: Pick<PlanInput, "installation" | "source">): Owner {
  return { installation, source: source.name }
}

/** Automations that nobody owns, named as one in Git, which the source's `adopt` doesn't take over. */
export function strangersOf(
  { source }: Pick<PlanInput, "source">,
  { fields: { automations } }: DesiredDeployment,
  live: LiveDeployment,
): readonly LiveAutomation[] {
  if (!("value" in automations)) return []
  return strangersToLeave(automations.value, live.fields.automations ?? [], source.policy.adopt)
}
