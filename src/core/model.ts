import type { DeploymentFields, FieldName } from "./fields.ts"
import type { DeploymentId, DeploymentKey, Instant, Location, Problem, Revision, SourceName } from "./nouns.ts"
import type { LiveAutomation, LiveSchedule } from "./parts.ts"
import type { Version } from "./version.ts"

/**
 * The nouns of the product as values. Everything here is read-only data; what decides lives beside it in this room,
 * what observes and acts lives in the rooms above. Field names are ours (camelCase): only `prefect/` speaks Prefect's.
 */
export { deploymentKey } from "./nouns.ts"
export type * from "./nouns.ts"
export type * from "./parts.ts"
export type { DeploymentFields, FieldName } from "./fields.ts"

/**
 * What Git says about one field. Absent = unmanaged, left alone. Declared = enforced, also when empty. Derived =
 * enforced, but computed by us (schema, docstring, injected pull). Undecided = hands off; `create` is what a new
 * deployment gets.
 */
export type Value<T> =
  | { readonly kind: "absent" }
  | { readonly kind: "declared"; readonly value: T }
  | { readonly kind: "derived"; readonly value: T }
  | { readonly kind: "undecided"; readonly reason: string; readonly create?: T }

/** The fields to enforce with their values, after `ignore` and patience; what isn't in it is left alone. */
export type Wanted = { readonly [F in FieldName]?: DeploymentFields[F] }

export type DesiredFields = { readonly [F in FieldName]: Value<DeploymentFields[F]> }

export interface DesiredDeployment {
  readonly key: DeploymentKey
  readonly flow: string
  readonly name: string
  readonly at: Location
  readonly fields: DesiredFields
  /** Why it can't be created yet (for example `image-unverified`); an existing one is updated all the same. */
  readonly createWaits: Problem | null
}

/**
 * What one source wants at one revision. Only `complete` may lead to a removal: `partial` means that something could
 * not be read or rendered, so a missing key proves nothing.
 */
export interface Desired {
  readonly kind: "complete" | "partial"
  readonly source: SourceName
  readonly revision: Revision
  readonly deployments: ReadonlyMap<DeploymentKey, DesiredDeployment>
  /** Keys whose entry has an error: no change, no correction, no removal. */
  readonly handsOff: ReadonlySet<DeploymentKey>
  readonly problems: readonly Problem[]
  /** SHA-256 over the canonical form of all deployments, hex. */
  readonly digest: string
}

// ---- live state ----

export interface LiveDeployment {
  readonly id: DeploymentId
  readonly key: DeploymentKey
  readonly flow: string
  readonly name: string
  readonly updated: Instant
  /** All tags as the server gave them, control tags included. */
  readonly allTags: readonly string[]
  readonly fields: LiveFields
  /** Digest of the schedules with their ids: `updated` doesn't move when they are edited through their own routes. */
  readonly schedulesDigest: string
  /** Name of an attached concurrency limit that isn't the deployment's own (`deployment:<id>`); others may use it. */
  readonly sharedLimit: string | null
  /** Of the attached limit, its own or a shared one: one that is made again under the same name isn't attached. */
  readonly limitId: string | null
}
export type LiveFields = Omit<DeploymentFields, "schedules" | "automations"> & {
  readonly schedules: readonly LiveSchedule[]
  /** Everything that acts on it, whoever made it; null = not read, because nobody declared any, or it can't be. */
  readonly automations: readonly LiveAutomation[] | null
}

export interface WorkPool {
  readonly name: string
  readonly defaultQueue: string | null
  readonly queues: ReadonlySet<string>
}

/** Ids of work queues, by pool and name. */
export type QueueIds = ReadonlyMap<string, ReadonlyMap<string, string>>

/** What a snapshot must hold beside everything of ours. */
export interface Coverage {
  readonly keys: ReadonlySet<DeploymentKey>
  /** Whether the automations that act on the deployments are needed too. */
  readonly automations: boolean
}

/** What a cheap look asks for, beside how many are ours. */
export interface LookAt {
  /** So many of ours, the newest by `updated`. */
  readonly depth: number
  /** Names of the queues that they use. */
  readonly queues: ReadonlySet<string>
  /** Whether any of them has a concurrency limit. */
  readonly limits: boolean
}

/** Live state of a workspace at one moment, known complete for `covers`; there is no partial form. */
export interface Snapshot {
  readonly takenAt: Instant
  /** Everything with `managed-by=gitops`, and everything whose key is in `covers`; at least. */
  readonly deployments: ReadonlyMap<DeploymentKey, LiveDeployment>
  readonly covers: ReadonlySet<DeploymentKey>
  readonly workPools: ReadonlyMap<string, WorkPool>
  /** As they were before the deployments were read, so that what is removed in between is missing in the next look. */
  readonly queues: QueueIds
  /** `unsupported`: this server's automations have no tags (before 3.4.7), so none could be marked as ours. */
  readonly automations: "read" | "unread" | "unsupported"
  /** What the server is; null = it doesn't say, and is taken for the newest. */
  readonly server: Version | null
}

// ---- the tree of a commit ----

export interface TreeEntry {
  readonly oid: string
  readonly kind: "file" | "folder" | "symlink" | "submodule"
}

/** Every path of one commit (folders too, without a trailing slash; the root is ""), `/`-separated. */
export interface Tree {
  readonly revision: Revision
  readonly entries: ReadonlyMap<string, TreeEntry>
}
