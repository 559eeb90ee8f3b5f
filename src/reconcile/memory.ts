import { deploymentDigest, noPatience, type Patience } from "../core/patience.ts"
import type { Desired, DeploymentKey, Instant, Revision, SourceName, WorkspaceName } from "../core/model.ts"
import type { Hold } from "../core/outcome.ts"
import type { Sibling } from "../core/plan-input.ts"
import { activeAt, type SourceRecord } from "../core/record.ts"
import type { Source } from "../core/source.ts"
import { Mutex } from "../lib/mutex.ts"
import type { Sight } from "./observe.ts"
import type { WorkspacePort } from "./ports.ts"
import type { Snapshots } from "./snapshots.ts"

/** What this process remembers of a source between turns. All of it may be lost: nothing here makes a turn safe. */
export interface SourceMemory {
  source: Source
  readonly sight: Sight
  /** As it was last bound in a turn of its own. */
  desired: Desired | null
  /** What it declares, as it was last read by its own turn or for a sibling's. */
  declared: Declared | null
  /** What Git said about each deployment when it was last seen as it should be. */
  settled: ReadonlyMap<DeploymentKey, string>
  /** No turn has got as far as a plan yet. */
  firstLook: boolean
  /** The last turn didn't come to a plan. */
  failing: boolean
  hold: Hold | null
  /** Digest of the hold that a person confirmed; good for one turn. */
  confirmed: string | null
  observed: { readonly revision: Revision; readonly at: Instant } | null
  /** The record is read and written by turns and by people's operations: one after the other, or one would undo the other. */
  readonly recordTurn: Mutex
  /** Instance ids in the record that this process put its own in the place of. */
  readonly overwritten: Set<string>
  /** Keys that a person let other sources take. */
  letGo: ReadonlySet<DeploymentKey>
  /** Since when a removal waits for a sibling that was never read. */
  siblingAwaitedSince: number | null
}

export interface Declared {
  readonly keys: ReadonlySet<DeploymentKey>
  readonly complete: boolean
  /** Whether it was ever read with no file among it that may hide further keys. */
  readonly known: boolean
}

/** One workspace with what its sources share. */
export interface WorkspaceState {
  readonly name: WorkspaceName
  readonly port: WorkspacePort
  readonly snapshots: Snapshots
  readonly driftIntervalMs: number
  patience: Patience
  readonly sources: Map<SourceName, SourceMemory>
}

export function openState(
  parts: Pick<WorkspaceState, "name" | "port" | "snapshots" | "driftIntervalMs">,
): WorkspaceState {
  return { ...parts, patience: noPatience, sources: new Map() }
}

/** The memory of a source in its workspace; what it was seen to be stays when only its settings change. */
export function memoryOf(workspace: WorkspaceState, source: Source): SourceMemory {
  const known = workspace.sources.get(source.name)
  if (known) {
    known.source = source
    return known
  }
  const memory: SourceMemory = {
    source,
    sight: { index: null, record: null, unreleased: false, earlier: null, code: new Map() },
    desired: null,
    declared: null,
    settled: new Map(),
    firstLook: true,
    failing: false,
    hold: null,
    confirmed: null,
    observed: null,
    recordTurn: new Mutex(),
    overwritten: new Set(),
    letGo: new Set(),
    siblingAwaitedSince: null,
  }
  workspace.sources.set(source.name, memory)
  return memory
}

/** What a file declares that can't be read now counts as it was last read. */
export function declaredBy(desired: Desired, before: Declared | null): Declared {
  const unread = desired.problems.some(({ severity, key }) => severity === "error" && key === undefined)
  const hides = unread && desired.kind === "partial"
  const kept = hides && before ? before.keys : []
  return {
    keys: new Set([...kept, ...desired.deployments.keys(), ...desired.handsOff]),
    complete: desired.kind === "complete",
    known: !hides || before?.known === true,
  }
}

/** What the other sources of the workspace declare, as far as this process has read them. */
export function siblingsOf(
  workspace: WorkspaceState,
  name: SourceName,
  now: Instant,
): ReadonlyMap<SourceName, Sibling> {
  const others = [...workspace.sources].filter(([other]) => other !== name)
  return new Map(
    others.map(([other, { declared, source, failing, sight, letGo }]) => {
      const record = sight.record?.record ?? null
      const suspended = activeAt(record?.suspend ?? null, now) !== null
      const canTake = source.apply && !source.decommission && !failing && !suspended
      const declares: Sibling["declares"] = declared?.keys ?? new Set()
      // What can't be read now may be declared there again: nothing is taken from it.
      return [other, { source, declares, complete: declared?.complete === true && !failing, canTake, record, letGo }]
    }),
  )
}

/** Whether some other source of the workspace was never wholly read in this process. */
export function hasUnknownSibling(workspace: WorkspaceState, name: SourceName): boolean {
  return [...workspace.sources].some(
    ([other, { declared, source }]) => other !== name && !source.decommission && declared?.known !== true,
  )
}

/** Whether Git says of a deployment what it said when that was last in order; then a difference was made in Prefect. */
export function unchangedInGit(memory: SourceMemory, record: SourceRecord | null, desired: Desired) {
  return (key: DeploymentKey): boolean => {
    const now = desired.deployments.get(key)
    const before = memory.settled.get(key)
    if (before !== undefined && now) return before === deploymentDigest(now)
    return record?.desired === desired.digest
  }
}
