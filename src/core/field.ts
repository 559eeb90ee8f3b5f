import { diffJson, type Difference } from "./difference.ts"
import { jsonEqual, type Json } from "./json.ts"
import { overlayAll, type Path } from "./overlay.ts"
import type { ProblemCode } from "./problems.ts"
import type { Version } from "./version.ts"

/** What Lockstep knows about one field of a deployment: everything, and nowhere else. */
export interface Field<T> {
  /** As Prefect and its users write it. */
  readonly wire: string
  /** Where an entry of a manifest says it, such as `work_pool.job_variables`; null = no key of its own says it. */
  readonly key: string | null
  /** What it is in JSON, in Prefect's answers and where an entry says it; null = a shape of its own. */
  readonly type: "text" | "boolean" | "object" | "list" | null
  /** No entry can do without it. */
  readonly needed: boolean
  /** Stands for the field in the mark; never changes meaning once released. */
  readonly letter: string
  /** What Prefect has where nobody says anything. */
  readonly default: T
  /** What a field that Git no longer declares is reset to, once; undefined = left as it is. */
  readonly reset: T | undefined
  /** Fields of one couple travel together, because Prefect reads one without the others wrongly. */
  readonly couple: "infrastructure" | "parameters" | null
  /** What goes along with its couple when nobody wants it; null = it stays out. `moved`: whether a field differs. */
  readonly mate: ((live: T, moved: (wire: string) => boolean) => T) | null
  /** In the body of a deployment under its name, in a place of its own there, or by routes of its own. */
  readonly place: "body" | "own-place" | "own-routes"
  /** Which servers don't know it, or a part of it. */
  readonly since: Since<T> | null
  /** The form in which it is sent; undefined = left out. */
  readonly send: (value: T, to: Sending) => Json | undefined
  /** The one form in which two values are compared and shown. */
  readonly canonical: (value: T) => Json
  readonly equal: (desired: T, live: T) => boolean
  readonly diff: (desired: T, live: T) => readonly Difference[]
  /** What is wanted when `ignore` leaves the parts at these paths to people. */
  readonly open: (value: T, live: Json | undefined, paths: readonly Path[]) => T
  /** Whether a person looks first where Lockstep, not Git, changes this part of a derived value. */
  readonly reviewed: (path: string) => boolean
  /** How people are told of it. */
  readonly shown: Shown
  /** Its place among what is told of a new deployment; null = that follows from the code, or is long. */
  readonly told: number | null
  /** What of it may be a secret. */
  readonly concealed: Concealed
}

export interface Sending {
  readonly server: Version | null
  /** The deployment doesn't exist yet. */
  readonly creating: boolean
}

/** What a server lacks that is older than `version`. */
export interface Since<T> {
  readonly version: Version
  /** The code and the words in which that is told. */
  readonly code: ProblemCode
  readonly message: string
  /** Whether this value is, or has, what such a server doesn't know. */
  readonly concerns: (value: T) => boolean
  /** What is left of it there; undefined = nothing. */
  readonly without: (value: T) => T | undefined
}

export type Shown = "plain" | "schema" | "set" | "schedules" | "triggers"
/**
 * `named`: what has a secret's name. `list`: the same, in a list whose items say nothing of each other. `schema`: what stands
 * at such a name is told about a value, and isn't one. The others besides hide what only Prefect has: all of it, that of the
 * parameters, or that of the actions.
 */
export type Concealed = "named" | "list" | "schema" | "live-only" | "live-parameters" | "live-actions"

type Needed<T> = Pick<Field<T>, "wire" | "letter" | "default"> & Partial<Omit<Field<T>, "since">>

/** A row, with what most fields have in common. */
export function field<T>(row: Needed<T> & { readonly since?: Since<T> | Version }): Field<T> {
  const canonical = row.canonical ?? ((value: T) => value as Json)
  const equal = row.equal ?? ((desired, live) => jsonEqual(canonical(desired), canonical(live)))
  return {
    key: row.wire,
    type: null,
    needed: false,
    reset: undefined,
    couple: null,
    mate: null,
    place: "body",
    send: (value) => value as Json,
    diff: (desired, live) => diffWhole(canonical(desired), canonical(live)),
    open: (value, live, paths) => overlayAll(value as Json, live, paths) as T,
    reviewed: () => false,
    shown: "plain",
    told: null,
    concealed: "named",
    ...row,
    canonical,
    equal,
    since: row.since === undefined ? null : sinceOf(row.wire, row.since),
  }
}

/** A field as a whole, unless its row says more. */
function sinceOf<T>(wire: string, since: Since<T> | Version): Since<T> {
  if (!Array.isArray(since)) return since as Since<T>
  const version = since as unknown as Version
  const message = `this server is older than ${version.join(".")} and has no ${wire}, so it isn't written`
  return { version, code: "field-not-managed", message, concerns: () => true, without: () => undefined }
}

/** Values that aren't equal differ somewhere, also where their members don't tell. */
function diffWhole(desired: Json, live: Json): readonly Difference[] {
  const found = diffJson(desired, live)
  return found.length > 0 ? found : [{ path: "", desired, live }]
}
