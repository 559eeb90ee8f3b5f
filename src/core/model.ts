import type { Json, JsonObject } from "./json.ts"

/**
 * The nouns of the product as values. Everything here is read-only data; what decides lives beside it in this room,
 * what observes and acts lives in the rooms above. Field names are ours (camelCase): only `prefect/` speaks Prefect's.
 */
declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

export type SourceName = Brand<string, "SourceName">
export type WorkspaceName = Brand<string, "WorkspaceName">
/** A full commit id: 40 hex digits. */
export type Revision = Brand<string, "Revision">
/** `flow/deployment`; neither part can contain `/` in Prefect, so the key splits in one way only. */
export type DeploymentKey = Brand<string, "DeploymentKey">
/** Prefect's UUID of a deployment. */
export type DeploymentId = Brand<string, "DeploymentId">
/** An instant in ISO 8601; compare with `sameInstant`, never as text, unless both came from one server. */
export type Instant = string

export function deploymentKey(flow: string, name: string): DeploymentKey {
  return `${flow}/${name}` as DeploymentKey
}

/** Where something stands in the repository; `line` and `column` count from 1. */
export interface Location {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** Something a person should know about, always with what to do; `code` is one stable word of `core/problems.ts`. */
export interface Problem extends Partial<Location> {
  readonly severity: "error" | "warning"
  readonly code: string
  readonly message: string
  readonly key?: DeploymentKey
}

// ---- one deployment, as Git and Prefect both describe it ----

export interface ConcurrencyOptions {
  readonly collisionStrategy: string
  /** Seconds; null = the server's default. */
  readonly gracePeriodSeconds: number | null
}

export type ScheduleSpec =
  | { readonly kind: "cron"; readonly cron: string; readonly timezone: string | null; readonly dayOr: boolean }
  | {
      readonly kind: "interval"
      /** Seconds, microsecond precision. */
      readonly seconds: number
      /** Desired: null = not declared, the live anchor stays. Live: always an instant. */
      readonly anchor: Instant | null
      readonly timezone: string | null
    }
  | { readonly kind: "rrule"; readonly rrule: string; readonly timezone: string | null }

export interface Schedule {
  readonly slug: string | null
  readonly spec: ScheduleSpec
  /** Desired: null = not declared, the live value stays (true at creation). */
  readonly active: boolean | null
  /** Desired: null = not declared, the live value stays ({} at creation). */
  readonly parameters: JsonObject | null
}

export interface LiveSchedule extends Schedule {
  readonly id: string
  readonly active: boolean
  readonly parameters: JsonObject
}

/**
 * Prefect's automation, as far as an entry's `triggers:` makes one: it waits for something and then starts the
 * deployment.
 */
export interface Automation {
  readonly name: string
  readonly description: string
  /** Desired: null = not declared, the live value stays (true at creation). */
  readonly enabled: boolean | null
  /** What it waits for, in Prefect's own words. */
  readonly trigger: JsonObject
  /** What it does, in Prefect's own words; the id of its own deployment is left out. */
  readonly actions: readonly Json[]
  /** What it does when it fires and when it resolves, in Prefect's own words; nothing that a manifest can say. */
  readonly reactions: JsonObject
}

export interface LiveAutomation extends Automation {
  readonly id: string
  /** The deployment that it acts on. */
  readonly key: DeploymentKey
  readonly enabled: boolean
  readonly created: Instant
  readonly updated: Instant
  /** All tags, control tags included. */
  readonly tags: readonly string[]
  /** It does nothing but start that deployment. */
  readonly startsOnly: boolean
}

/** The fields that Lockstep can manage; `core/fields.ts` is the table of what it knows about each. */
export interface DeploymentFields {
  readonly description: string | null
  readonly version: string | null
  /** Without the control tags (`core/mark.ts`). */
  readonly tags: readonly string[]
  readonly paused: boolean
  readonly entrypoint: string | null
  readonly parameters: JsonObject
  readonly parameterSchema: JsonObject
  readonly enforceParameterSchema: boolean
  readonly pullSteps: readonly Json[]
  readonly workPool: string | null
  /** null = the pool's default queue. */
  readonly workQueue: string | null
  readonly jobVariables: JsonObject
  readonly concurrencyLimit: number | null
  readonly concurrencyOptions: ConcurrencyOptions | null
  readonly schedules: readonly Schedule[]
  readonly automations: readonly Automation[]
}
export type FieldName = keyof DeploymentFields

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

/** What a snapshot must hold beside everything of ours. */
export interface Coverage {
  readonly keys: ReadonlySet<DeploymentKey>
  /** Whether the automations that act on the deployments are needed too. */
  readonly automations: boolean
}

/** Live state of a workspace at one moment, known complete for `covers`; there is no partial form. */
export interface Snapshot {
  readonly takenAt: Instant
  /** Everything with `managed-by=gitops`, and everything whose key is in `covers`; at least. */
  readonly deployments: ReadonlyMap<DeploymentKey, LiveDeployment>
  readonly covers: ReadonlySet<DeploymentKey>
  readonly workPools: ReadonlyMap<string, WorkPool>
  /** `unsupported`: this server's automations have no tags (before 3.4.7), so none could be marked as ours. */
  readonly automations: "read" | "unread" | "unsupported"
  /** Whether this server keeps the grace period of concurrency options (since 3.6.6). */
  readonly gracePeriods: boolean
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
