import type { JsonObject } from "./json.ts"
import type { SourceName, WorkspaceName } from "./nouns.ts"
import type { ExtraHeaders, SecretRef } from "./secret.ts"

/** What the config says about one source, all defaults filled in. Durations are milliseconds. */
export interface Source {
  readonly name: SourceName
  readonly workspace: WorkspaceName
  readonly remote: Remote
  readonly ref: Ref
  readonly intervalMs: number
  readonly selection: Selection
  readonly scope: Scope
  /** false: plan and report, never write. */
  readonly apply: boolean
  readonly policy: Policy
  readonly rendering: Rendering
  /** Removed from config on purpose: retire all that it owns, without reading Git. */
  readonly decommission: boolean
  readonly receiver: Receiver | null
  /** Names that it had before: what bears their marks is its own. */
  readonly formerly: readonly SourceName[]
  /** Sources of another repository or ref whose deployments it may take over without a person's word. */
  readonly handOverFrom: readonly SourceName[]
}

export interface Remote {
  /** No user info in it: credentials stand apart. */
  readonly url: string
  readonly credentials: Credentials | null
  /** A PEM file with further certificate authorities. */
  readonly caFile: string | null
  /** Go along with each request to this URL's own origin, and to no other. */
  readonly headers?: ExtraHeaders
}
export interface Credentials {
  readonly username: string
  readonly password: SecretRef
}

/** How one image registry may be asked. */
export interface RegistryAccess {
  /** As it stands in image names, with its port: `ghcr.io`, `registry.example.com:5000`; Docker Hub is `docker.io`. */
  readonly host: string
  readonly credentials: Credentials | null
  /** A PEM file with further certificate authorities. */
  readonly caFile: string | null
}

export type Ref =
  | { readonly kind: "branch"; readonly name: string }
  | { readonly kind: "tag"; readonly name: string }
  | { readonly kind: "commit"; readonly id: string }
  /** A full ref name, such as `refs/heads/main`. */
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "head" }

/** Which files and entries count. A change of it may make entries vanish that Git still has. */
interface Selection {
  readonly manifests: readonly string[]
  readonly exclude: readonly string[]
  /** `flow/deployment` patterns; empty = all. */
  readonly select: readonly string[]
}

/** Whether what exists without an owner is taken over: not at all, where only our mark is missing, or whatever it is. */
export type AdoptPolicy = "never" | "same" | "unowned"

/** Tenancy: an entry outside is an error, never a write. Empty list = no bound. */
interface Scope {
  readonly workPools: readonly string[]
  readonly flows: readonly string[]
}

export interface Policy {
  readonly adopt: AdoptPolicy
  readonly onDrift: "enforce" | "report"
  /** Field names as Prefect writes them, or paths into one, for example `schedules.*.active`. */
  readonly ignore: readonly string[]
  readonly prune: PrunePolicy
}
export interface PrunePolicy {
  readonly mode: "auto" | "confirm" | "off"
  readonly max: number
  readonly maxPercent: number
  readonly ceiling: number
  readonly graceMs: number
}

export interface Rendering {
  readonly env: Readonly<Record<string, string | SecretRef>>
  readonly stepOutputs: Readonly<Record<string, JsonObject>>
  readonly images: "hold" | "trust" | "registry"
  readonly registries: readonly RegistryAccess[]
  /** Where code is without a `pull` section. auto: in the image where Prefect would say so, else a clone. */
  readonly pull: "auto" | "clone" | "image"
  readonly pullCommit: "tree" | "revision" | "none"
  /** Empty = whatever a flow can reach. */
  readonly codePaths: readonly string[]
  readonly pinClones: boolean
  readonly baseDir: "auto" | "repository" | "manifest"
  readonly shortHash: number
  readonly overrides: Overrides
}

/** Makes one manifest serve several environments; null = as the manifest says. */
export interface Overrides {
  readonly workPool: string | null
  readonly workQueue: string | null
  readonly nameSuffix: string | null
  /** Added to the manifest's tags. */
  readonly tags: readonly string[]
  /** Merged over the manifest's, one level deep. */
  readonly jobVariables: JsonObject
  readonly paused: boolean | null
}

export interface Receiver {
  readonly provider: "github" | "gitlab" | "gitea" | "bitbucket" | "azure" | "generic"
  readonly secret: SecretRef
}

export interface Workspace {
  readonly name: WorkspaceName
  /** Ends without a slash, for example `http://127.0.0.1:4200/api`. */
  readonly apiUrl: string
  readonly auth:
    | { readonly kind: "none" }
    | { readonly kind: "apiKey"; readonly key: SecretRef }
    /** `user:password`, as `PREFECT_SERVER_API_AUTH_STRING`. */
    | { readonly kind: "basic"; readonly authString: SecretRef }
  readonly caFile: string | null
  /** Go along with each request. */
  readonly headers?: ExtraHeaders
  readonly requests: { readonly perSecond: number; readonly reads: number; readonly writes: number }
  readonly driftIntervalMs: number
  readonly listIntervalMs: number
}
