import type { DeploymentCreate, DeploymentPatch } from "../core/change.ts"
import type { ImageVerdict } from "../core/image.ts"
import type { Json, JsonObject } from "../core/json.ts"
import type {
  Automation,
  Coverage,
  DeploymentId,
  DeploymentKey,
  Desired,
  Instant,
  LiveAutomation,
  LiveDeployment,
  LookAt,
  QueueIds,
  Revision,
  SchedulePatch,
  Snapshot,
  Tree,
  Value,
} from "../core/model.ts"
import type { Ref, RegistryAccess, Remote, Source } from "../core/source.ts"

/** What the loop needs of the outside. Each is implemented by one room; tests put real ones in, or faults before them. */

export interface GitPort {
  /** One poll; callers within `maxAgeMs` of the same remote and ref share it. @throws GitError */
  resolve(remote: Remote, ref: Ref, maxAgeMs: number, signal: AbortSignal): Promise<Resolution>
  /** @throws GitError, `revision-not-found` when the server doesn't give that commit. */
  tree(remote: Remote, revision: Revision, signal: AbortSignal): Promise<Tree>
  /** @throws GitError */
  blobs(
    remote: Remote,
    revision: Revision,
    oids: readonly string[],
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, GitBlob>>
}
export interface Resolution {
  readonly revision: Revision
  /** Full name of the ref that it came from; null for a commit id. */
  readonly refName: string | null
  readonly branch: string | null
}
export type GitBlob =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large"; readonly size: number }

/** Registries of container images. Fails only by the signal: that nothing can be known is an answer too. */
export interface ImagesPort {
  /** `since`: what isn't known to be there, and was last asked for before it, is asked for again now. */
  ask(
    question: {
      readonly images: ReadonlySet<string>
      readonly registries: readonly RegistryAccess[]
      readonly since: number
    },
    signal: AbortSignal,
  ): Promise<{
    readonly verdicts: ReadonlyMap<string, ImageVerdict>
    /** When to ask again for those that aren't there, in milliseconds from now; null = all are there. */
    readonly againMs: number | null
  }>
}

/** A Prefect workspace. Every method throws PrefectError; `null` always means that the server said 404. */
export interface WorkspacePort {
  /** Three requests, four with limits, whatever the number of deployments: what of ours moved, and what it hangs on. */
  look(at: LookAt, signal: AbortSignal): Promise<Look>
  /** Everything of ours in pages, and each of `wanted`, whoever owns it. Fails as a whole or is complete. */
  snapshot(wanted: Coverage, signal: AbortSignal): Promise<Snapshot>
  /** All deployments of the workspace, whoever owns them, with their automations. Fails as a whole or is complete. */
  everything(signal: AbortSignal): Promise<Snapshot>
  /** `snapshot` widened by what it lacks, the rest as it was: at most a few requests, none when all is covered. */
  widen(snapshot: Snapshot, wanted: Coverage, signal: AbortSignal): Promise<Snapshot>
  read(id: DeploymentId, signal: AbortSignal): Promise<LiveDeployment | null>
  find(flow: string, name: string, signal: AbortSignal): Promise<LiveDeployment | null>
  /** `existed`: the server answered 200 instead of 201, so somebody else created it a moment before. */
  create(
    create: DeploymentCreate,
    signal: AbortSignal,
  ): Promise<{ readonly live: LiveDeployment; readonly existed: boolean }>
  patch(id: DeploymentId, patch: DeploymentPatch, signal: AbortSignal): Promise<void>
  patchSchedule(id: DeploymentId, scheduleId: string, patch: SchedulePatch, signal: AbortSignal): Promise<void>
  removeSchedule(id: DeploymentId, scheduleId: string, signal: AbortSignal): Promise<void>
  /** The server's clock now, or the oldest late run's time on servers that also drop late runs: see `reschedule`. */
  runsDueSince(id: DeploymentId, signal: AbortSignal): Promise<Instant>
  /** `POST …/schedule`: brings back at once the runs that a write removed, from `since` on. */
  reschedule(id: DeploymentId, since: Instant, signal: AbortSignal): Promise<void>
  readonly automations: AutomationPort
  /** One Prefect variable: that it isn't there is the server's own word (404), while a listing may be less than it seems. */
  variable(name: string, signal: AbortSignal): Promise<{ readonly value: Json } | null>
  /** Values of those Prefect variables that a listing has. */
  variables(names: ReadonlySet<string>, signal: AbortSignal): Promise<ReadonlyMap<string, Json>>
  /** Creates or replaces one variable. */
  writeVariable(name: string, value: JsonObject, tags: readonly string[], signal: AbortSignal): Promise<void>

  // Removal only.
  remove(id: DeploymentId, signal: AbortSignal): Promise<void>
  /** Detaches a concurrency limit without deleting it. */
  detachLimit(id: DeploymentId, signal: AbortSignal): Promise<void>
  runs(id: DeploymentId, signal: AbortSignal): Promise<RunCounts>
  /** Deletes runs that are still scheduled, also of a deployment that is gone; returns how many there were. */
  removeScheduledRuns(id: DeploymentId, signal: AbortSignal): Promise<number>
  /** The server's clock, from its `Date` header. */
  serverNow(): Instant
}

/** Automations, as far as they act on a deployment. */
interface AutomationPort {
  /** All of them, whoever made them, read now; from then on the deployment is read with these. */
  read(live: Pick<LiveDeployment, "id" | "key">, signal: AbortSignal): Promise<readonly LiveAutomation[]>
  make(id: DeploymentId, automation: Automation, tags: readonly string[], signal: AbortSignal): Promise<void>
  replace(
    at: { readonly id: DeploymentId; readonly automationId: string },
    automation: Automation,
    tags: readonly string[],
    signal: AbortSignal,
  ): Promise<void>
  remove(automationId: string, signal: AbortSignal): Promise<void>
}

export interface Look {
  readonly count: number
  /** Newest first by `updated`. */
  readonly newest: readonly { readonly id: DeploymentId; readonly updated: Instant }[]
  /** Of the names that were asked for, at least. */
  readonly queues: QueueIds
  /** By id; null = not asked for, or not shown to us: then only a listing tells which of them are attached. */
  readonly limits: ReadonlyMap<string, { readonly name: string; readonly limit: number }> | null
}
interface RunCounts {
  /** PENDING, RUNNING, CANCELLING, PAUSED, and those that wait to try again. */
  readonly active: number
  /** Scheduled by a person or an automation, not by a schedule. */
  readonly manual: number
}

/** Git texts to desired state. Pure but for a bounded memory of texts already read. */
export interface RenderPort {
  /** `read` brings the texts of blobs; it is asked again and again, until everything that the manifests name is there. */
  index(tree: Tree, source: Source, read: ReadBlobs): Promise<Index>
  /** Paths of the files of a commit that are the source's manifests. */
  manifests(tree: Tree, source: Source): Promise<readonly string[]>
  bind(index: Index, inputs: Inputs, source: Source): Promise<Desired>
  /** For `images: registry`: the images that must be there before the deployments that name them may move to them. */
  imagesOf(index: Index, inputs: Inputs, source: Source): Promise<ReadonlyMap<string, readonly DeploymentKey[]>>
  /** For `pullCommit: tree`: of `keys`, those whose run can reach nothing that isn't the same in the tree `there`. */
  kept(
    index: Index,
    desired: Desired,
    there: Tree,
    asked: { readonly source: Source; readonly keys: ReadonlySet<DeploymentKey> },
    read: ReadBlobs,
  ): Promise<ReadonlySet<DeploymentKey>>
  /** Whether the clone of a deployment follows a commit, so that a live one may be kept. */
  isPinned(pullSteps: Value<readonly Json[]>, source: Source): boolean
  /** The commit that a live deployment's clone of this repository is pinned to. */
  clonedCommit(pullSteps: readonly Json[], url: string): Revision | null
  /** Whether it can still be worked with: what made it may have come to its end meanwhile. */
  has(index: Index): boolean
}
/** What a source declares at one revision; only the room that made it looks inside. */
export interface Index {
  readonly revision: Revision
  /** Paths of its manifests. */
  readonly manifests: readonly string[]
  /** Names of the Prefect variables that entries refer to. */
  readonly variables: ReadonlySet<string>
}
export type ReadBlobs = (oids: readonly string[]) => Promise<ReadonlyMap<string, RenderBlob>>
export type RenderBlob =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "unreadable"; readonly reason: string }
/** Everything but the index that desired state depends on. */
export interface Inputs {
  readonly branch: string | null
  readonly env: ReadonlyMap<string, string>
  readonly variables: ReadonlyMap<string, Json>
  readonly images: ReadonlyMap<string, ImageVerdict>
  /** Paths of the manifests of the recorded commit. */
  readonly earlier: readonly string[]
  readonly pins: ReadonlyMap<DeploymentKey, Revision>
}
